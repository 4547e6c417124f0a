/* The resource vector: what an ask offers, a bid wants, a lease grants and the kernel enforces. */
#ifndef ZEUS_RESOURCE_H
#define ZEUS_RESOURCE_H
#include <stdbool.h>
#include <stdint.h>
#include "common/limits.h"

enum resource_kind {
	RES_CPU_MILLI, /* thousandths of a core */
	RES_MEM_MIB,
	RES_GPU,       /* whole devices */
	RES_GPU_MEM_MIB,
	RES_DISK_MIB,
	RES_UP_KBPS,   /* kbit/s leaving the task, layer 2 */
	RES_DOWN_KBPS, /* kbit/s arriving at the task, layer 2 */
	RES_IOPS,
	RES_CONN,      /* new connections per second */
	RES_PIDS,
	RES_SPARE_A,   /* always zero */
	RES_SPARE_B,   /* always zero */
};

struct resources { uint32_t v[RESOURCES]; };

bool resources_fit(const struct resources *need, const struct resources *have); /* need <= have in every kind */
bool resources_add(struct resources *a, const struct resources *b);             /* false on overflow, a unchanged */
bool resources_sub(struct resources *a, const struct resources *b);             /* false on underflow, a unchanged */
bool resources_scale(const struct resources *r, uint32_t n, struct resources *out);
bool resources_eq(const struct resources *a, const struct resources *b);

/* Milli-units of r against a symbol's default vector d: max over k of ceil(1000 r_k / d_k). Dominant share: no kind
 * is free. Returns false if some d_k is 0 and r_k is not, or if r is all zero. */
bool resources_units(const struct resources *r, const struct resources *d, uint64_t *milli_units);

/* Fill what was not given (bit k of given clear) with d scaled by the largest share among those given, or d itself
 * if nothing was given; rounds up. False if the result does not fit 32 bits or a kind was given that d does not have. */
bool resources_complete(struct resources *r, uint32_t given, const struct resources *d);

/* How far what a lease's task opens may lead. */
enum reach {
	REACH_NONE, /* nowhere: it answers its machine */
	REACH_HOST, /* the machine's end of its own link */
};
const char *reach_word(enum reach r);
/* False: no such word. */
bool reach_by_word(const char *word, enum reach *out);

/* The word used on an order line for kind k ("cpu", "mem", ...), NULL for the spare ones. */
const char *resource_word(enum resource_kind k);
/* k, or -1 */
int resource_by_word(const char *word);
#endif
