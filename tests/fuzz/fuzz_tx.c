/* Whole transactions: the envelope, every body, the parts of a batch, the task inside a bid.
 *
 * What is read is written again as the same bytes, and what was signed is a prefix of it. */
#include "common/cleanup.h"
#include "common/tx.h"
#include "tests/fuzz/fuzz.h"

static void look_into(const struct tx *tx)
{
	static char text[DEPLOY_MAX + 512];
	struct deploy d;
	if (tx->type == TX_BID)
		deploy_get(tx->u.bid.deploy, &d, text, sizeof text);
	if (tx->type != TX_BATCH)
		return;
	autofree struct tx *part = malloc(sizeof *part);
	struct rbuf r = rbuf_on(tx->u.batch.ops.p, tx->u.batch.ops.len);
	uint32_t n = 0;
	while (r.pos < r.len) {
		must(part && tx_batch_next(&r, part) == V_OK); /* tx_get has looked already */
		n++;
	}
	must(n == tx->u.batch.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree struct tx *tx = calloc(1, sizeof *tx);
	size_t signed_len = 0;
	must(tx != NULL);
	if (tx_get((struct slice){data, size}, tx, &signed_len) != V_OK)
		return 0;
	must(signed_len < size && tx_type_known(tx->type));
	struct wbuf w = fuzz_room();
	tx_put(&w, tx);
	fuzz_same(&w, data, size);
	w = fuzz_room();
	tx_signed_put(&w, tx);
	fuzz_same(&w, data, signed_len);
	look_into(tx);
	return 0;
}
