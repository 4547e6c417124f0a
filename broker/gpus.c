/* Which GPU goes to whom.
 *
 * Knows what is free and how much memory was bought. Does not know nodes or drivers; the kernel side checks again that nobody else has
 * the device and that it is among those that the owner leases. */
#include "broker/gpus.h"
#include <errno.h>

bool gpus_same(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static bool gpus_among(const struct quota *q, const struct device_rule *rule)
{
	for (uint32_t i = 0; i < q->ndevices; i++)
		if (gpus_same(&q->devices[i], rule))
			return true;
	return false;
}

const struct lease *gpus_holder(const struct leases *books, const struct device_rule *rule)
{
	for (const struct lease *l = books->first; l; l = l->next)
		if (gpus_among(&l->quota, rule))
			return l;
	return NULL;
}

/* The smallest that holds so much; one that does not tell its memory only if nothing else is left. */
static const struct gpu_info *gpus_free(const struct leases *books, const struct inventory *inv, const struct quota *q, uint32_t mem_mib)
{
	const struct gpu_info *best = NULL;
	for (uint32_t i = 0; i < inv->ngpus; i++) {
		const struct gpu_info *g = &inv->gpus[i];
		if ((g->mem_mib && g->mem_mib < mem_mib) || gpus_among(q, &g->rule) || gpus_holder(books, &g->rule))
			continue;
		if (!best || (g->mem_mib && (!best->mem_mib || g->mem_mib < best->mem_mib)))
			best = g;
	}
	return best;
}

/* Memory that was bought is divided among the devices. */
int gpus_pick(const struct leases *books, const struct inventory *inv, const struct resources *res, struct quota *out)
{
	struct quota q = {.res = *res};
	uint32_t n = res->v[RES_GPU], each = n ? (uint32_t)(((uint64_t)res->v[RES_GPU_MEM_MIB] + n - 1) / n) : 0;
	const struct gpu_info *g;
	while (q.ndevices < n && q.ndevices < DEVICES_PER_LEASE && (g = gpus_free(books, inv, &q, each)))
		q.devices[q.ndevices++] = g->rule;
	if (q.ndevices != n)
		return -EBUSY;
	*out = q;
	return 0;
}
