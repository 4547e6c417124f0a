/* The plan child's connection to the ledger: facts in, intents out, answers matched to what asked for them. Reconnects by itself. */
#ifndef ZEUS_BROKER_LINK_H
#define ZEUS_BROKER_LINK_H
#include "broker/leases.h"
#include "common/conn.h"

#define LINK_ASKED_MAX 256

enum asked_kind { ASKED_NODE, ASKED_READY, ASKED_RECEIPT, ASKED_QUIT, ASKED_CHANGE };
struct asked { uint64_t req; enum asked_kind kind; struct lease_name lease; };

struct link {
	const char *path;
	int fd;                  /* -1: not connected */
	uint64_t next_req;
	uint32_t operator_uid;
	bool welcomed, caught_up; /* caught_up: the facts reached the height that WELCOME named */
	uint64_t welcome_height;
	uint32_t nasked;
	struct asked asked[LINK_ASKED_MAX];
	uint8_t buf[WIRE_MAX];
};

void link_init(struct link *l, const char *path, uint32_t operator_uid);
void link_close(struct link *l);
int link_connect(struct link *l, const struct leases *books);
/* Read everything that waits. answered is called for each answer to what was asked. -EPIPE or -EBADMSG: the link is down now. */
int link_read(
    struct link *l, struct leases *books, void (*answered)(void *arg, const struct asked *a, const struct wire_answer *w), void *arg);
int link_register(struct link *l, const char *node_name, const struct resources *caps);
/* The seller gives the lease up. */
int link_quit(struct link *l, const struct lease *lease);
int link_ready(struct link *l, const struct lease *lease, const char *endpoint);
/* Of a lease's newest change: "resized", or "refuse" with an enum change_end. */
int link_change(struct link *l, const struct lease *lease, const char *event, uint64_t why);
/* Receipts of one tick, signed together by the ledger's node key. */
int link_receipts(struct link *l, const struct usage_receipt *r, struct lease *const *lease, uint32_t n);
#endif
