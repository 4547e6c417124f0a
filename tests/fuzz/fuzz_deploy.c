/* What a task is to run, as a bid, an app or an event carries it.
 *
 * What is taken is written again as it was. */
#include "common/tx.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[DEPLOY_MAX + 512];
	struct deploy d;
	if (!deploy_get((struct slice){data, size}, &d, text, sizeof text))
		return 0;
	struct wbuf w = fuzz_room();
	deploy_put(&w, &d);
	fuzz_same(&w, data, size);
	return 0;
}
