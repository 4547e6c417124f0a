/* Arithmetic on the resource vector, and the dominant share by which a vector is priced (PROTOCOL 0.4).
 *
 * Knows the twelve kinds and their words. Does not know symbols (their default vector is handed in), prices or people. */
#include "common/resource.h"
#include <string.h>

static const char *const words[RESOURCES] = {
	[RES_CPU_MILLI] = "cpu", [RES_MEM_MIB] = "mem", [RES_GPU] = "gpu", [RES_GPU_MEM_MIB] = "gpumem", [RES_DISK_MIB] = "disk",
	[RES_UP_KBPS] = "up", [RES_DOWN_KBPS] = "down", [RES_IOPS] = "iops", [RES_CONN] = "conn", [RES_PIDS] = "pids",
};

bool resources_fit(const struct resources *need, const struct resources *have)
{
	for (int k = 0; k < RESOURCES; k++)
		if (need->v[k] > have->v[k])
			return false;
	return true;
}

bool resources_add(struct resources *a, const struct resources *b)
{
	struct resources sum;
	for (int k = 0; k < RESOURCES; k++)
		if (__builtin_add_overflow(a->v[k], b->v[k], &sum.v[k]))
			return false;
	*a = sum;
	return true;
}

bool resources_sub(struct resources *a, const struct resources *b)
{
	if (!resources_fit(b, a))
		return false;
	for (int k = 0; k < RESOURCES; k++)
		a->v[k] -= b->v[k];
	return true;
}

bool resources_scale(const struct resources *r, uint32_t n, struct resources *out)
{
	struct resources product;
	for (int k = 0; k < RESOURCES; k++)
		if (__builtin_mul_overflow(r->v[k], n, &product.v[k]))
			return false;
	*out = product;
	return true;
}

bool resources_eq(const struct resources *a, const struct resources *b) { return memcmp(a, b, sizeof *a) == 0; }

bool resources_units(const struct resources *r, const struct resources *d, uint64_t *milli_units)
{
	uint64_t most = 0;
	for (int k = 0; k < RESOURCES; k++) {
		if (r->v[k] == 0)
			continue;
		if (d->v[k] == 0)
			return false;
		uint64_t share = (1000ULL * r->v[k] + d->v[k] - 1) / d->v[k];
		if (share > most)
			most = share;
	}
	if (most == 0)
		return false;
	*milli_units = most;
	return true;
}

bool resources_complete(struct resources *r, uint32_t given, const struct resources *d)
{
	uint32_t num = given ? 0 : 1, den = 1; /* the largest share among those given, as a fraction */
	if (given >> RESOURCES)
		return false;
	for (int k = 0; k < RESOURCES; k++) {
		if (!(given >> k & 1))
			continue;
		if (d->v[k] == 0)
			return false;
		if ((uint64_t)r->v[k] * den > (uint64_t)num * d->v[k])
			num = r->v[k], den = d->v[k];
	}
	struct resources whole = *r;
	for (int k = 0; k < RESOURCES; k++) {
		uint64_t v = ((uint64_t)d->v[k] * num + den - 1) / den; /* (2^32-1)^2 + 2^32 fits 64 bits */
		if (given >> k & 1)
			continue;
		if (v > UINT32_MAX)
			return false;
		whole.v[k] = (uint32_t)v;
	}
	*r = whole;
	return true;
}

const char *resource_word(enum resource_kind k) { return (unsigned)k < RESOURCES ? words[k] : NULL; }

int resource_by_word(const char *word)
{
	for (int k = 0; k < RESOURCES; k++)
		if (words[k] && strcmp(words[k], word) == 0)
			return k;
	return -1;
}

const char *reach_word(enum reach r)
{
	switch (r) {
	case REACH_NONE:
		return "none";
	case REACH_HOST:
		return "host";
	}
	return "none";
}

bool reach_by_word(const char *word, enum reach *out)
{
	for (int r = REACH_NONE; r <= REACH_HOST; r++)
		if (strcmp(reach_word((enum reach)r), word) == 0) {
			*out = (enum reach)r;
			return true;
		}
	return false;
}
