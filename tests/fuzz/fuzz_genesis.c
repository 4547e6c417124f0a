/* A genesis: what an operator, or a peer, hands in.
 *
 * One that is read is written again as it was; books made from it are refused with a verdict or stand. */
#include "common/cleanup.h"
#include "ledger/state/state.h"
#include "tests/fuzz/fuzz.h"

static void no_record(void *arg, struct slice key, struct slice value)
{
	(void)arg;
	must(key.len >= 2 && value.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree struct genesis *g = malloc(sizeof *g);
	must(g != NULL);
	if (!genesis_get((struct slice){data, size}, g))
		return 0;
	struct wbuf w = fuzz_room();
	genesis_put(&w, g);
	fuzz_same(&w, data, size);
	genesis_hash(g);
	struct state *s;
	if (state_new(g, &s) != V_OK)
		return 0;
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		state_genesis_records(s, lane, no_record, NULL);
	state_free(s);
	return 0;
}
