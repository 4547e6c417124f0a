/* Bodies alone, as an intent carries them: the first byte is the type.
 *
 * A body that is taken is within its type's bound and is written again as it was. */
#include "common/cleanup.h"
#include "common/tx.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree struct tx *tx = calloc(1, sizeof *tx);
	must(tx != NULL);
	if (size == 0 || tx_body_get(data[0], (struct slice){data + 1, size - 1}, tx) != V_OK)
		return 0;
	must(tx->type == data[0] && size - 1 <= tx_body_max(data[0]));
	struct wbuf w = fuzz_room();
	tx_body_put(&w, tx);
	fuzz_same(&w, data + 1, size - 1);
	return 0;
}
