/* Contracts as text.
 *
 * What compiles is small enough, loads, and is written again as it was; what does not says in which line. */
#include "common/cleanup.h"
#include "ledger/state/contract_fsm.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = malloc(size + 1);
	autofree uint8_t *code = malloc(FSM_CODE_MAX);
	size_t len = 0;
	char why[256] = "";
	must(text && code);
	memcpy(text, data, size);
	text[size] = 0;
	if (fsm_compile(text, code, &len, why) != V_OK) {
		must(memchr(why, 0, sizeof why) && strncmp(why, "line ", 5) == 0);
		return 0;
	}
	struct fsm *f;
	must(len <= FSM_CODE_MAX && fsm_load((struct slice){code, len}, &f) == V_OK);
	struct wbuf w = fuzz_room();
	code_put(&w, f);
	fuzz_same(&w, code, len);
	fsm_free(f);
	return 0;
}
