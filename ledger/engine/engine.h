/* The plug for consensus: an engine's only duty is to emit a totally ordered sequence of final blocks with proofs.
 * Engines: 0 solo (one node, durable store, self-signed header). */
#ifndef ZEUS_ENGINE_H
#define ZEUS_ENGINE_H
#include "ledger/chain/round.h"

struct engine;
struct engine_up { /* upcalls into the node */
	int (*propose)(void *node, uint64_t time_ms, struct block **ret); /* -EAGAIN: nothing to do */
	int (*finalised)(void *node, struct block *b);                    /* durable when it returns 0; takes b */
	void *node;
};
struct engine_ops {
	const char *name; uint16_t id;
	int (*start)(struct engine *e, const struct tip *tip);
	void (*wake)(struct engine *e, uint64_t now_ms);                  /* something became admissible or a timer is due */
	void (*stop)(struct engine *e);
};
struct engine { const struct engine_ops *ops; struct engine_up up; };
int engine_solo_new(const struct engine_up *up, struct engine **ret);
void engine_free(struct engine *e);
#endif
