/* Clients of the ledger's socket.
 *
 * Knows: accepting, roles by peer uid, bounded queues, the order of answers and facts, when a client is cut off.
 * Does not know: what messages mean (session.c), how facts come about (core, archive). */
#include "ledger/server.h"
#include "common/log.h"
#include "ledger/sealed.h"
#include "ledger/stream.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGES_PER_WAKE 64

struct message { struct message *next; uint64_t req, after; size_t len; uint8_t type; uint8_t body[]; };

struct client {
	struct server *s; int fd; struct loop_fd *watch; uint64_t id; uid_t uid; unsigned roles, under_way;
	struct message *first, *last; size_t backlog;
	struct stream stream;
	struct frames frames;
	bool dead, writing;
};

struct server {
	struct loop *loop; int fd; const struct conf *conf; struct server_users users; struct keystore *keys; struct core *core;
	struct client *client[WIRE_CLIENTS_MAX]; uint64_t next_id;
	struct loop_fd *watch; struct look *look;
	uint8_t in[WIRE_MAX], opened[WIRE_MAX], shown[WIRE_MAX];
};

static unsigned roles_of(const struct server_users *u, uid_t uid)
{
	unsigned roles = ROLE_ANY;
	if (uid == u->views)
		roles |= ROLE_VIEWS;
	if (uid == u->plan)
		roles |= ROLE_PLAN;
	if (u->self_is_all && uid == u->self)
		roles |= ROLE_VIEWS | ROLE_PLAN;
	return roles;
}

static void client_free(struct client *c)
{
	for (struct message *m = c->first, *next; m; m = next) {
		next = m->next;
		free(m);
	}
	if (c->watch)
		loop_unwatch(c->watch);
	close(c->fd);
	stream_close(&c->stream);
	free(c->frames.p);
	free(c);
}

/* Free those that were cut off; never from inside one of their own calls. */
static void server_reap(struct server *s)
{
	for (int i = 0; i < WIRE_CLIENTS_MAX; i++)
		if (s->client[i] && s->client[i]->dead) {
			client_free(s->client[i]);
			s->client[i] = NULL;
		}
}

static void client_cut(struct client *c, const char *why)
{
	if (!c->dead && why)
		log_warning("a client was cut off: %s", why);
	if (!c->dead)
		shutdown(c->fd, SHUT_RDWR); /* wakes its watcher, which lets it go */
	c->dead = true;
}

/* --- out --- */

/* True: sent, go on. False: the socket is full or the client gone. */
static bool client_put(struct client *c, uint8_t type, uint64_t req, const void *body, size_t len)
{
	int rc = conn_send(c->fd, type, req, body, len, MSG_DONTWAIT);
	if (rc == 0)
		return true;
	if (rc != -EAGAIN)
		client_cut(c, NULL);
	return false;
}

static bool message_due(const struct client *c)
{
	return c->first && (!stream_on(&c->stream) || c->first->after <= stream_next(&c->stream));
}

static bool flush_message(struct client *c)
{
	struct message *m = c->first;
	if (!client_put(c, m->type, m->req, m->body, m->len))
		return false;
	c->first = m->next;
	if (!c->first)
		c->last = NULL;
	c->backlog -= sizeof *m + m->len;
	free(m);
	return true;
}

/* What was sealed to this node's owner is for plan alone, what was sealed to its users for views, which shows each his own. */
static struct slice opened(const struct client *c, struct slice facts)
{
	const struct archive *a = core_archive(c->s->core);
	if (c->roles & ROLE_PLAN)
		facts = (struct slice){c->s->opened, sealed_open_facts(a, c->s->keys, facts, c->s->opened)};
	if (c->roles & ROLE_VIEWS)
		facts = (struct slice){c->s->shown, sealed_open_endpoints(a, c->s->keys, facts, c->s->shown)};
	return facts;
}

/* One step of output. False: nothing more can be sent now. */
static bool flush_step(struct client *c)
{
	struct slice chunk;
	if (message_due(c))
		return flush_message(c);
	int rc = stream_chunk(&c->stream, core_archive(c->s->core), &chunk);
	if (rc == -ENOENT)
		client_cut(c, "it is further behind than facts are kept");
	else if (rc < 0 && rc != -EAGAIN)
		client_cut(c, "facts could not be read");
	if (rc < 0)
		return false;
	struct slice out = opened(c, chunk);
	if (!client_put(c, WIRE_FACTS, 0, out.p, out.len))
		return false;
	stream_sent(&c->stream, chunk.len);
	return true;
}

void client_flush(struct client *c)
{
	while (!c->dead && flush_step(c))
		;
	bool more = !c->dead && (message_due(c) || stream_pending(&c->stream, core_archive(c->s->core)));
	if (c->dead || more == c->writing)
		return;
	c->writing = more;
	loop_watch_set(c->watch, LOOP_READ | (more ? LOOP_WRITE : 0));
}

void client_send(struct client *c, uint8_t type, uint64_t req, const void *body, size_t len, uint64_t after)
{
	if (c->dead)
		return;
	if (c->backlog + sizeof(struct message) + len > WIRE_BACKLOG_BYTES) {
		client_cut(c, "it does not read its answers");
		return;
	}
	struct message *m = malloc(sizeof *m + len);
	if (!m)
		abort();
	*m = (struct message){.req = req, .after = after, .len = len, .type = type};
	if (len)
		memcpy(m->body, body, len);
	if (c->last)
		c->last->next = m;
	else
		c->first = m;
	c->last = m;
	c->backlog += sizeof *m + len;
}

void client_stream(struct client *c, const struct wire_hello *h)
{
	if (stream_open(&c->stream, core_archive(c->s->core), h) < 0)
		client_cut(c, "the history could not be read");
}

void client_facts(struct client *c, uint8_t *p, size_t len)
{
	stream_fixed(&c->stream, p, len);
}

/* --- in --- */

static void client_read(struct client *c)
{
	struct wire_head head;
	struct slice body;
	for (int i = 0; i < MESSAGES_PER_WAKE && !c->dead; i++) {
		int rc = conn_recv(c->fd, c->s->in, &head, &body, MSG_DONTWAIT);
		if (rc == -EAGAIN)
			return;
		if (rc < 0)
			client_cut(c, rc == -EBADMSG ? "it sent no message of this protocol" : NULL);
		else if (!session_message(c->s, c, &head, body))
			client_cut(c, "it sent a message that does not parse");
	}
}

static void on_client(void *arg, int events)
{
	struct client *c = arg;
	struct server *s = c->s;
	if (events & LOOP_READ)
		client_read(c);
	client_flush(c);
	server_reap(s);
}

/* Strangers may not take what views and plan need, nor one of them what the others do. */
static bool server_room(const struct server *s, unsigned roles, uid_t uid)
{
	int strangers = 0, same = 0;
	if (roles != ROLE_ANY)
		return true;
	for (int i = 0; i < WIRE_CLIENTS_MAX; i++) {
		const struct client *c = s->client[i];
		strangers += c && c->roles == ROLE_ANY;
		same += c && c->roles == ROLE_ANY && c->uid == uid;
	}
	return strangers < WIRE_STRANGERS_MAX && same < WIRE_STRANGERS_PER_UID;
}

static int server_slot(const struct server *s)
{
	for (int i = 0; i < WIRE_CLIENTS_MAX; i++)
		if (!s->client[i])
			return i;
	return -1;
}

static void server_accept(struct server *s, int fd)
{
	uid_t uid = 0;
	int slot = server_slot(s);
	bool known = conn_peer_uid(fd, &uid) == 0;
	unsigned roles = roles_of(&s->users, uid);
	struct client *c = slot < 0 || !known || !server_room(s, roles, uid) ? NULL : calloc(1, sizeof *c);
	if (!c) {
		close(fd);
		return;
	}
	*c = (struct client){.s = s, .fd = fd, .id = ++s->next_id, .uid = uid, .roles = roles};
	if (loop_watch(s->loop, fd, LOOP_READ, on_client, c, &c->watch) < 0) {
		client_free(c);
		return;
	}
	s->client[slot] = c;
}

static void on_listen(void *arg, int events)
{
	struct server *s = arg;
	(void)events;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		server_accept(s, fd);
}

/* --- the core's upcalls --- */

static void flush_all(void *arg)
{
	struct server *s = arg;
	for (int i = 0; i < WIRE_CLIENTS_MAX; i++)
		if (s->client[i] && !s->client[i]->dead)
			client_flush(s->client[i]);
}

static void on_block(void *arg, uint64_t height)
{
	(void)height;
	flush_all(arg);
}

struct core_up server_up(struct server *s)
{
	return (struct core_up){.block = on_block, .answered = flush_all, .arg = s};
}

void server_uids(struct server *s)
{
	for (int i = 0; i < WIRE_CLIENTS_MAX; i++)
		if (s->client[i] && stream_on(&s->client[i]->stream))
			session_uids(s, s->client[i]);
}

/* --- what session.c may know --- */

struct core *server_core(const struct server *s)
{
	return s->core;
}

struct look **server_look(struct server *s) { return &s->look; }
struct loop *server_loop(const struct server *s) { return s->loop; }

struct keystore *server_keys(struct server *s)
{
	return s->keys;
}

const struct conf *server_conf(const struct server *s)
{
	return s->conf;
}

unsigned client_roles(const struct client *c)
{
	return c->roles;
}

uint64_t client_id(const struct client *c)
{
	return c->id;
}

struct frames *client_frames(struct client *c)
{
	return &c->frames;
}

struct client *server_client(struct server *s, uint64_t id)
{
	for (int i = 0; i < WIRE_CLIENTS_MAX; i++)
		if (s->client[i] && s->client[i]->id == id && !s->client[i]->dead)
			return s->client[i];
	return NULL;
}

bool client_begin(struct client *c)
{
	if (c->under_way >= WIRE_INTENTS_PER_CLIENT)
		return false;
	c->under_way++;
	return true;
}

void client_end(struct client *c)
{
	c->under_way--;
}

/* --- life --- */

int server_new(struct loop *l, int fd, const struct conf *conf, const struct server_users *u, struct keystore *k, struct server **ret)
{
	struct server *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->loop = l;
	s->fd = fd;
	s->conf = conf;
	s->users = *u;
	s->keys = k;
	*ret = s;
	return 0;
}

void server_start(struct server *s, struct core *c)
{
	s->core = c;
	if (loop_watch(s->loop, s->fd, LOOP_READ, on_listen, s, &s->watch) < 0)
		abort();
}

void server_free(struct server *s)
{
	if (s && s->look)
		look_away(s->look);
	for (int i = 0; s && i < WIRE_CLIENTS_MAX; i++)
		if (s->client[i])
			client_free(s->client[i]);
	if (s && s->watch)
		loop_unwatch(s->watch);
	if (s)
		close(s->fd);
	free(s);
}
