/* Receipts that one chain sends another: a run of them, as an out-box holds it.
 *
 * Each that is taken is written again as it was and keeps within its bounds. */
#include "ledger/chain/receipt.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rbuf r = rbuf_on(data, size);
	struct receipt in;
	for (size_t from = 0; r.pos < r.len && receipt_get(&r, &in); from = r.pos) {
		struct wbuf w = fuzz_room();
		must(in.src < CHAINS && in.dst < CHAINS && in.amount <= SUPPLY_BASE && in.payload.len <= RECEIPT_PAYLOAD_MAX);
		receipt_put(&w, &in);
		fuzz_same(&w, data + from, r.pos - from);
		receipt_hash((struct slice){data + from, r.pos - from});
	}
	return 0;
}
