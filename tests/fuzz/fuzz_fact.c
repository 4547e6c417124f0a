/* A run of facts, as the ledger streams them.
 *
 * Each that is taken is written again as it was, and folding it into a model does no harm whatever order they come in. */
#include "common/cleanup.h"
#include "common/fact.h"
#include "tests/fuzz/fuzz.h"
#include "zfs-views/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree struct fact *f = calloc(1, sizeof *f);
	struct rbuf r = rbuf_on(data, size);
	struct model *m = model_new();
	must(f && m);
	for (size_t from = 0; fact_next(&r, f); from = r.pos) {
		struct wbuf w = fuzz_room();
		fact_put(&w, f);
		fuzz_same(&w, data + from, r.pos - from);
		model_fold(m, f);
	}
	must(r.bad || r.pos == r.len);
	model_free(m);
	return 0;
}
