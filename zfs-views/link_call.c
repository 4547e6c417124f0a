/* Asking the ledger: one call is one message out and one answer back, matched by its number.
 *
 * Five seconds for everything but a sync. A call whose message may be carried out twice without harm (it has a cid, or only reads) is sent
 * anew when the ledger comes back within that time; any other that was under way is V_TIMED_OUT, because nobody knows what became of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "common/cleanup.h"
#include "common/conn.h"
#include "zfs-views/link_priv.h"

#define FRAME_MAX 49152 /* of a batch */

static struct timespec deadline_in(uint32_t ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static struct timespec deadline(void) { return deadline_in(REPLY_TIMEOUT_MS); }

static void call_clear(struct link_call *c)
{
	free(c->body);
	free(c->reply);
}

static bool keep_body(struct link_call *c, const void *body, size_t len)
{
	c->body = malloc(len ? len : 1);
	if (c->body && len)
		memcpy(c->body, body, len);
	c->len = len;
	return c->body;
}

/* A batch's body is ops with its uid in front; it goes out in frames. */
static int send_batch(int fd, const struct link_call *c)
{
	uint32_t uid, seq = 0;
	memcpy(&uid, c->body, sizeof uid);
	autofree uint8_t *frame = malloc(FRAME_MAX + 64);
	size_t at = sizeof uid;
	int err = frame ? 0 : -ENOMEM;
	do {
		size_t n = c->len - at < FRAME_MAX ? c->len - at : FRAME_MAX;
		struct wbuf w = wbuf_on(frame, FRAME_MAX + 64);
		if (err)
			break;
		wire_batch_put(&w, &(struct wire_batch){uid, seq++, at + n == c->len, {c->body + at, n}});
		err = conn_send(fd, WIRE_BATCH, c->req, frame, w.len, 0);
		at += n;
	} while (at < c->len);
	return err;
}

/* Send without holding the lock: the peer may be slow. send_lock keeps fd open meanwhile. */
static int call_send(struct link *l, const struct link_call *c)
{
	pthread_mutex_lock(&l->send_lock);
	pthread_mutex_lock(&l->lock);
	int fd = l->up ? l->fd : -1;
	pthread_mutex_unlock(&l->lock);
	int err = -EHOSTDOWN;
	if (fd >= 0)
		err = c->type == WIRE_BATCH ? send_batch(fd, c) : conn_send(fd, c->type, c->req, c->body, c->len, 0);
	pthread_mutex_unlock(&l->send_lock);
	return err;
}

void link_call_remove(struct link *l, struct link_call *c)
{
	for (struct link_call **p = &l->calls; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			l->ncalls--;
			return;
		}
}

int link_call_start(struct link *l, struct link_call *c)
{
	pthread_mutex_lock(&l->lock);
	bool full = l->ncalls >= WIRE_INTENTS_PER_CLIENT;
	if (!full && l->up) {
		c->req = l->next_req++;
		c->next = l->calls;
		l->calls = c;
		l->ncalls++;
	}
	bool up = l->up;
	pthread_mutex_unlock(&l->lock);
	if (full || !up)
		return full ? -EAGAIN : -EHOSTDOWN;
	int err = call_send(l, c);
	if (!err || c->again)
		return 0; /* a lost connection sends it anew */
	pthread_mutex_lock(&l->lock);
	link_call_remove(l, c);
	pthread_mutex_unlock(&l->lock);
	return err == -EAGAIN ? -EAGAIN : -EHOSTDOWN;
}

void link_calls_answer(struct link *l, const struct wire_head *head, struct slice body)
{
	struct wire_answer a = {.verdict = V_OK};
	pthread_mutex_lock(&l->lock);
	struct link_call *c = l->calls;
	while (c && c->req != head->req)
		c = c->next;
	if (!c || c->want != head->type) {
		pthread_mutex_unlock(&l->lock); /* its asker gave up */
		return;
	}
	if (c->done) {
		link_call_remove(l, c);
		pthread_mutex_unlock(&l->lock);
		wire_answer_get(body, &a);
		c->done(c->arg, (enum verdict)a.verdict);
		call_clear(c);
		free(c);
		return;
	}
	c->reply = malloc(body.len ? body.len : 1);
	if (c->reply && body.len)
		memcpy(c->reply, body.p, body.len);
	c->reply_len = body.len;
	c->answered = true;
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
}

void link_calls_lost(struct link *l)
{
	pthread_mutex_lock(&l->lock);
	for (struct link_call *c = l->calls; c; c = c->next)
		c->lost = !c->again;
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
}

void link_calls_again(struct link *l)
{
	pthread_mutex_lock(&l->lock);
	int fd = l->fd;
	for (struct link_call *c = l->calls; c; c = c->next)
		if (c->again && !c->answered && c->type != WIRE_BATCH)
			(void)conn_send(fd, c->type, c->req, c->body, c->len, MSG_DONTWAIT); /* failed: the next connection does it */
	pthread_mutex_unlock(&l->lock);
}

/* Start and wait. 0 with c->reply, -EHOSTDOWN, -EAGAIN, -ETIMEDOUT. */
static int call_wait(struct link *l, struct link_call *c, const struct timespec *until)
{
	int err = link_call_start(l, c);
	if (err)
		return err;
	pthread_mutex_lock(&l->lock);
	while (!c->answered && !c->lost && pthread_cond_timedwait(&l->moved, &l->lock, until) == 0)
		;
	link_call_remove(l, c);
	bool answered = c->answered && c->reply;
	pthread_mutex_unlock(&l->lock);
	return answered ? 0 : -ETIMEDOUT;
}

/* What was done is in the model before we say so. */
static void wait_folded(struct link *l, uint64_t height, const struct timespec *until)
{
	pthread_mutex_lock(&l->lock);
	while ((l->height == UINT64_MAX || l->height < height) && pthread_cond_timedwait(&l->moved, &l->lock, until) == 0)
		;
	pthread_mutex_unlock(&l->lock);
}

bool link_wait(struct link *l, bool (*settled)(void *arg), void *arg, uint32_t timeout_ms)
{
	struct timespec until = deadline_in(timeout_ms);
	bool is;
	pthread_mutex_lock(&l->lock);
	while (!(is = settled(arg)) && pthread_cond_timedwait(&l->moved, &l->lock, &until) == 0)
		;
	pthread_mutex_unlock(&l->lock);
	return is;
}

static enum verdict call_verdict(struct link *l, uint8_t type, const void *body, size_t len, bool again, struct wire_answer *out)
{
	struct link_call c = {.type = type, .want = WIRE_ANSWER, .again = again};
	struct timespec until = deadline();
	struct wire_answer a;
	if (!keep_body(&c, body, len))
		return V_BUSY;
	int err = call_wait(l, &c, &until);
	bool sound = !err && wire_answer_get((struct slice){c.reply, c.reply_len}, &a) && a.verdict < V_COUNT;
	call_clear(&c);
	if (err == -EAGAIN)
		return V_BUSY;
	if (err == -EHOSTDOWN)
		return V_LEDGER_DOWN;
	if (!sound)
		return V_TIMED_OUT;
	if (a.verdict == V_OK || a.verdict == V_DUPLICATE)
		wait_folded(l, a.height, &until);
	*out = a;
	return a.verdict == V_DUPLICATE ? V_OK : (enum verdict)a.verdict;
}

enum verdict link_intent(struct link *l, uint32_t uid, const struct tx *tx, struct wire_answer *out)
{
	autofree uint8_t *body = malloc(TX_BODY_MAX), *message = malloc(TX_BODY_MAX + 256);
	if (!body || !message)
		return V_BUSY;
	struct wbuf b = wbuf_on(body, TX_BODY_MAX), w = wbuf_on(message, TX_BODY_MAX + 256);
	tx_body_put(&b, tx);
	if (b.bad)
		return V_MALFORMED;
	wire_intent_put(&w, &(struct wire_intent){uid, tx->type, tx->scope, {body, b.len}});
	return call_verdict(l, WIRE_INTENT, message, w.len, !tx_type_instance(tx->type), out);
}

enum verdict link_submit(struct link *l, struct slice envelope, struct wire_answer *out)
{
	autofree uint8_t *message = malloc(ENVELOPE_MAX + 8);
	if (!message)
		return V_BUSY;
	struct wbuf w = wbuf_on(message, ENVELOPE_MAX + 8);
	put_blob(&w, envelope.p, envelope.len);
	return w.bad ? V_MALFORMED : call_verdict(l, WIRE_SUBMIT, message, w.len, false, out);
}

enum verdict link_batch(struct link *l, uint32_t uid, struct slice ops, struct wire_answer *out)
{
	autofree uint8_t *body = malloc(sizeof uid + ops.len);
	if (!body)
		return V_BUSY;
	memcpy(body, &uid, sizeof uid);
	memcpy(body + sizeof uid, ops.p, ops.len);
	return call_verdict(l, WIRE_BATCH, body, sizeof uid + ops.len, false, out);
}

enum verdict link_nonce(struct link *l, const struct id *lease, const struct address *party, uint64_t *out)
{
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof body);
	struct link_call c = {.type = WIRE_GET_SEQ, .want = WIRE_SEQ, .again = true};
	struct timespec until = deadline();
	struct wire_seq reply;
	wire_get_seq_put(&w, &(struct wire_get_seq){*lease, *party});
	if (!keep_body(&c, body, w.len))
		return V_BUSY;
	int err = call_wait(l, &c, &until);
	bool sound = !err && wire_seq_get((struct slice){c.reply, c.reply_len}, &reply);
	call_clear(&c);
	if (err == -EAGAIN || err == -EHOSTDOWN)
		return err == -EAGAIN ? V_BUSY : V_LEDGER_DOWN;
	if (!sound)
		return V_TIMED_OUT;
	*out = reply.seq;
	return reply.party ? V_OK : V_NOT_PARTY;
}

enum verdict link_open_uid(struct link *l, uint32_t by_uid, uint32_t uid, struct money amount)
{
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof body);
	struct wire_answer a;
	wire_open_uid_put(&w, &(struct wire_open_uid){by_uid, uid, amount});
	return call_verdict(l, WIRE_OPEN_UID, body, w.len, false, &a);
}

int link_sync(struct link *l, void (*done)(void *arg, enum verdict v), void *arg, struct link_call **ret)
{
	struct link_call *c = calloc(1, sizeof *c);
	if (!c || !keep_body(c, "", 0)) {
		free(c);
		return -ENOMEM;
	}
	c->type = WIRE_SYNC;
	c->want = WIRE_ANSWER;
	c->again = true;
	c->done = done;
	c->arg = arg;
	*ret = c; /* before it can be answered */
	int err = link_call_start(l, c);
	if (err) {
		call_clear(c);
		free(c);
	}
	return err;
}

bool link_sync_cancel(struct link *l, struct link_call *call)
{
	pthread_mutex_lock(&l->lock);
	struct link_call *c = l->calls;
	while (c && c != call)
		c = c->next;
	if (c)
		link_call_remove(l, c);
	pthread_mutex_unlock(&l->lock);
	if (!c)
		return false;
	call_clear(c);
	free(c);
	return true;
}

/* Something long that the ledger gives in chunks: how the part from an offset on is asked for. */
struct fetch { uint8_t type; void (*put)(struct wbuf *w, const void *what, uint64_t offset); const void *what; };

static int fetch_chunk(
    struct link *l, const struct fetch *f, uint64_t offset, const struct timespec *until, struct link_call *c, struct wire_block *out)
{
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof body);
	f->put(&w, f->what, offset);
	if (!keep_body(c, body, w.len))
		return -EAGAIN;
	int err = call_wait(l, c, until);
	return err ? err : wire_block_get((struct slice){c->reply, c->reply_len}, out) ? 0 : -EBADMSG;
}

static int fetch_all(struct link *l, const struct fetch *f, uint8_t **bytes, size_t *len)
{
	struct timespec until = deadline();
	autofree uint8_t *whole = NULL;
	uint64_t total = 0, offset = 0;
	do {
		struct link_call c = {.type = f->type, .want = WIRE_BLOCK, .again = true};
		struct wire_block b = {0};
		int err = fetch_chunk(l, f, offset, &until, &c, &b);
		if (!err && b.total == 0)
			err = -ENOENT;
		if (!err && (b.total > BLOCK_MAX || (whole && b.total != total) || b.chunk.len == 0 || b.chunk.len > b.total - offset))
			err = -EBADMSG;
		total = b.total;
		if (!err && !whole && !(whole = malloc(total)))
			err = -ENOMEM;
		if (!err)
			memcpy(whole + offset, b.chunk.p, b.chunk.len);
		call_clear(&c);
		if (err)
			return err;
		offset += b.chunk.len;
	} while (offset < total);
	*len = total;
	*bytes = take_ptr(whole);
	return 0;
}

static void put_get_block(struct wbuf *w, const void *what, uint64_t offset)
{
	struct wire_get_block ask = *(const struct wire_get_block *)what;
	ask.offset = offset;
	wire_get_block_put(w, &ask);
}

static void put_get_proof(struct wbuf *w, const void *what, uint64_t offset)
{
	wire_get_proof_put(w, &(struct wire_get_proof){*(const struct wire_place *)what, offset});
}

int link_proof(void *arg, const struct wire_place *place, uint8_t **text, size_t *len)
{
	struct fetch f = {WIRE_GET_PROOF, put_get_proof, place};
	return fetch_all(arg, &f, text, len);
}

int link_find(void *arg, const struct id *txid, struct wire_found *out)
{
	struct timespec until = deadline();
	struct link_call c = {.type = WIRE_FIND_TX, .want = WIRE_FOUND, .again = true};
	if (!keep_body(&c, txid->b, sizeof txid->b))
		return -ENOMEM;
	int err = call_wait(arg, &c, &until);
	if (!err && !wire_found_get((struct slice){c.reply, c.reply_len}, out))
		err = -EBADMSG;
	call_clear(&c);
	return err ? err : out->found ? 0 : -ENOENT;
}

int link_work(void *arg, const struct address *account, struct wire_work *out)
{
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof body);
	struct timespec until = deadline();
	struct link_call c = {.type = WIRE_GET_WORK, .want = WIRE_WORK, .again = true};
	wire_get_work_put(&w, &(struct wire_get_work){*account});
	if (!keep_body(&c, body, w.len))
		return -ENOMEM;
	int err = call_wait(arg, &c, &until);
	if (!err && !wire_work_get((struct slice){c.reply, c.reply_len}, out))
		err = -EBADMSG;
	call_clear(&c);
	return err;
}

int link_block(void *arg, uint8_t lane, uint64_t height, uint8_t part, uint8_t **bytes, size_t *len)
{
	struct link *l = arg;
	pthread_mutex_lock(&l->lock);
	bool cached = block_cache_get(&l->cache, lane, height, part, bytes, len);
	pthread_mutex_unlock(&l->lock);
	if (cached)
		return 0;
	struct fetch f = {WIRE_GET_BLOCK, put_get_block, &(struct wire_get_block){lane, height, part, 0}};
	int err = fetch_all(l, &f, bytes, len);
	if (err)
		return err;
	pthread_mutex_lock(&l->lock);
	block_cache_put(&l->cache, lane, height, part, *bytes, *len);
	pthread_mutex_unlock(&l->lock);
	return 0;
}
