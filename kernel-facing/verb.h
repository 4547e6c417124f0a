/* The verbs as packets. Request: u8 verb, u32 sequence, body. Reply: u32 sequence, u32 error (0 or a positive errno), body if 0.
 * A packet that is not exactly that ends the connection. */
#ifndef ZEUS_VERB_H
#define ZEUS_VERB_H
#include "common/codec.h"
#include "kernel-facing/kernel.h"

enum verb {
	VERB_INVENTORY = 1,
	VERB_OPEN,
	VERB_SET,
	VERB_CHECK,
	VERB_FREEZE,
	VERB_CLOSE,
	VERB_LIST,
	VERB_QUOTA,
	VERB_USAGE,
	VERB_TASK_CREATE,
	VERB_TASK_START,
	VERB_TASK_SIGNAL,
	VERB_TASK_DELETE,
	VERB_LAST = VERB_TASK_DELETE,
};

#define VERB_USAGE_MAX 256 /* leases in one request: the reply fits in a packet */
#define VERB_CHECK_MAX 64

/* A task with the bytes its strings point into. */
struct verb_task { struct task_spec spec; uint32_t used; char text[TASK_TEXT_MAX + TASK_ARGS_MAX + TASK_ENV_MAX]; };

void verb_name_put(struct wbuf *w, const struct lease_name *v);
bool verb_name_get(struct rbuf *r, struct lease_name *out);
void verb_inventory_put(struct wbuf *w, const struct inventory *v);
bool verb_inventory_get(struct rbuf *r, struct inventory *out);
void verb_usage_put(struct wbuf *w, const struct usage *v);
bool verb_usage_get(struct rbuf *r, struct usage *out);
/* Of n looks only those that found something; the others are 0 and nothing. */
void verb_checked_put(struct wbuf *w, const struct checked *v, uint32_t n);
bool verb_checked_get(struct rbuf *r, struct checked *out, uint32_t n);
void verb_task_put(struct wbuf *w, const struct task_spec *v);
bool verb_task_get(struct rbuf *r, struct verb_task *out);
#endif
