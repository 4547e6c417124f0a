/* The messages of the ledger's socket, both ways: the first byte is the type, as in the header; 0 is the header itself.
 *
 * A body that is taken is written again as it was. */
#include "common/cleanup.h"
#include "common/wire.h"
#include "tests/fuzz/fuzz.h"

#define AGAIN(name, body, w)                            \
	{                                               \
		struct wire_##name m;                   \
		if (!wire_##name##_get(body, &m))       \
			return false;                   \
		wire_##name##_put(w, &m);               \
		return true;                            \
	}

static bool again_head(struct slice bytes, struct wbuf *w)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct wire_head h;
	if (!wire_head_get(&r, &h) || !rbuf_end(&r))
		return false;
	wire_head_put(w, &h);
	return true;
}

static bool again_find_tx(struct slice body, struct wbuf *w)
{
	struct id id;
	if (!wire_find_tx_get(body, &id))
		return false;
	wire_find_tx_put(w, &id);
	return true;
}

static bool again_uids(struct slice body, struct wbuf *w)
{
	autofree struct wire_uid *uids = calloc(WIRE_UIDS_MAX, sizeof *uids);
	uint32_t n;
	must(uids != NULL);
	if (!wire_uids_get(body, uids, WIRE_UIDS_MAX, &n))
		return false;
	must(n <= WIRE_UIDS_MAX);
	wire_uids_put(w, uids, n);
	return true;
}

static bool again_usages(struct slice body, struct wbuf *w)
{
	autofree struct usage_receipt *u = calloc(WIRE_USAGES_MAX, sizeof *u);
	uint32_t n;
	must(u != NULL);
	if (!wire_usages_get(body, u, WIRE_USAGES_MAX, &n))
		return false;
	must(n <= WIRE_USAGES_MAX);
	wire_usages_put(w, u, n);
	return true;
}

static bool again(uint8_t type, struct slice body, struct wbuf *w)
{
	switch (type) {
	case 0: return again_head(body, w);
	case WIRE_HELLO: AGAIN(hello, body, w)
	case WIRE_WELCOME: AGAIN(welcome, body, w)
	case WIRE_INTENT: AGAIN(intent, body, w)
	case WIRE_ANSWER: AGAIN(answer, body, w)
	case WIRE_GET_BLOCK: AGAIN(get_block, body, w)
	case WIRE_BLOCK: AGAIN(block, body, w)
	case WIRE_FOUND: AGAIN(found, body, w)
	case WIRE_GET_PROOF: AGAIN(get_proof, body, w)
	case WIRE_AT: AGAIN(at, body, w)
	case WIRE_FIND_TX: return again_find_tx(body, w);
	case WIRE_UIDS: return again_uids(body, w);
	case WIRE_OPEN_UID: AGAIN(open_uid, body, w)
	case WIRE_BATCH: AGAIN(batch, body, w)
	case WIRE_PREPARE_USAGE: return again_usages(body, w);
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wbuf w = fuzz_room();
	if (size && again(data[0], (struct slice){data + 1, size - 1}, &w))
		fuzz_same(&w, data + 1, size - 1);
	return 0;
}
