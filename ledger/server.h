/* The ledger's socket: clients, their roles, whole messages, and the stream of facts.
 *
 * A client that said HELLO with a role that may read gets facts: those since the height it folded, else FACT_RESET, the history if it is
 * views and asked for it, and a snapshot; then live ones.
 * An answer about height h is sent after the facts of height h, so a write that returned can be read. A client that falls further behind
 * than facts are
 * kept, or leaves more than WIRE_BACKLOG_BYTES unread, is cut off. */
#ifndef ZEUS_SERVER_H
#define ZEUS_SERVER_H
#include "common/conf.h"
#include "common/conn.h"
#include "ledger/core.h"

enum role { ROLE_VIEWS = 1, ROLE_PLAN = 2, ROLE_ANY = 4 };
/* Who is who among peers: resolved once, before privileges are dropped. */
struct server_users { uid_t views, plan, self; bool self_is_all; };

struct server;
struct client;
struct look;
/* fd: a listening socket, owned from now on. */
int server_new(struct loop *l, int fd, const struct conf *conf, const struct server_users *u, struct keystore *k, struct server **ret);
void server_free(struct server *s);
struct core_up server_up(struct server *s);
void server_start(struct server *s, struct core *c);

/* --- for session.c --- */
struct core *server_core(const struct server *s);
struct keystore *server_keys(struct server *s);
const struct conf *server_conf(const struct server *s);
unsigned client_roles(const struct client *c);
uint64_t client_id(const struct client *c);
struct client *server_client(struct server *s, uint64_t id); /* NULL: gone */
/* Queue a message; after: how many heights' facts it must have been sent before, counted from 0 (0: at once). */
void client_send(struct client *c, uint8_t type, uint64_t req, const void *body, size_t len, uint64_t after);
void client_flush(struct client *c);
/* Start its stream of facts behind this block, or with history and a snapshot. */
void client_stream(struct client *c, const struct wire_hello *h);
/* Send these facts and then the answer; p is malloc'd and given away. */
void client_facts(struct client *c, uint8_t *p, size_t len);
struct loop *server_loop(const struct server *s);
bool client_begin(struct client *c);                         /* one more request under way; false: too many */
void client_end(struct client *c);
/* A batch that arrives in frames: the bytes so far. */
struct frames { uint64_t req; uint32_t uid, next; uint8_t *p; size_t len; };
struct frames *client_frames(struct client *c);
struct look **server_look(struct server *s);                 /* the one reader of the past, or NULL */
void server_uids(struct server *s);                          /* tell every reader the custodial accounts */

/* look_back.c: have the books of a height read on another thread, then sent. False: somebody else looks back right now. */
bool look_back(struct server *s, struct client *c, uint64_t req, struct archive_past *p);
void look_away(struct look *l);                              /* its server goes: nobody is answered */

/* session.c: false = cut the client off */
bool session_message(struct server *s, struct client *c, const struct wire_head *h, struct slice body);
void session_uids(struct server *s, struct client *c);
/* session_block.c: the same */
bool session_get_block(struct server *s, struct client *c, const struct wire_head *h, struct slice body);
bool session_find_tx(struct server *s, struct client *c, const struct wire_head *h, struct slice body);
bool session_get_proof(struct server *s, struct client *c, const struct wire_head *h, struct slice body);
#endif
