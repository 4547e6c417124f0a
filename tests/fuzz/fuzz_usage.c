/* Usage receipts and accounts' authorities; the first byte says which.
 *
 * What is taken is written again as it was. */
#include "common/tx.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct rbuf r = rbuf_on(data + 1, size - 1);
	struct wbuf w = fuzz_room();
	struct usage_receipt u;
	struct auth a;
	if (data[0] & 1) {
		if (!usage_receipt_get(&r, &u))
			return 0;
		usage_receipt_put(&w, &u);
		must(r.pos == USAGE_RECEIPT_LEN);
	} else {
		if (!auth_get(&r, &a))
			return 0;
		must(a.n >= 1 && a.n <= 16);
		auth_put(&w, &a);
	}
	fuzz_same(&w, data + 1, r.pos);
	return 0;
}
