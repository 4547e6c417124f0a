/* Proofs that somebody sends: of many leaves, of a record or its absence, and a sketch of who deals with whom; the first byte says which.
 *
 * What is taken is written again as it was, and checking it against a root that it was not made for says no. */
#include "common/cleanup.h"
#include "ledger/chain/multi.h"
#include "ledger/chain/roots.h"
#include "ledger/state/sketch.h"
#include "tests/fuzz/fuzz.h"

static const struct id no_root = {{0xee}};

static void many(const uint8_t *p, size_t len)
{
	struct multi m;
	struct wbuf w = fuzz_room();
	if (!multi_get((struct slice){p, len}, &m))
		return;
	must(multi_len(&m) == len);
	multi_put(&w, &m);
	fuzz_same(&w, p, len);
	uint32_t n = multi_chosen(&m);
	must(n >= 1 && n <= MULTI_LEAVES_MAX);
	autofree struct id *leaf = calloc(n, sizeof *leaf);
	must(leaf && !multi_check(&m, leaf, &no_root));
	multi_free(&m);
}

static void record(const uint8_t *p, size_t len)
{
	static const uint8_t key[] = {1, 2, 3};
	struct rbuf r = rbuf_on(p, len);
	struct roots_proof proof;
	struct wbuf w = fuzz_room();
	if (!roots_proof_get(&r, &proof))
		return;
	roots_proof_put(&w, &proof);
	fuzz_same(&w, p, r.pos);
	must(!roots_check(&proof, (struct slice){key, sizeof key}, (struct slice){key, sizeof key}, &no_root));
	must(!roots_check(&proof, (struct slice){key, sizeof key}, (struct slice){NULL, 0}, &no_root));
}

static void sketch(const uint8_t *p, size_t len)
{
	struct rbuf r = rbuf_on(p, len);
	struct sketch k;
	struct wbuf w = fuzz_room();
	if (!sketch_get(&r, &k))
		return;
	sketch_put(&w, &k);
	fuzz_same(&w, p, r.pos);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0: many(data + 1, size - 1); break;
	case 1: record(data + 1, size - 1); break;
	case 2: sketch(data + 1, size - 1); break;
	}
	return 0;
}
