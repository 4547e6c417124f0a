/* What every fuzz target shares: one function that is given bytes, and a check that ends the process.
 *
 * A target is tests/fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput; replay.c or libFuzzer calls it. Its seeds lie in corpus/NAME. */
#ifndef ZEUS_TESTS_FUZZ_H
#define ZEUS_TESTS_FUZZ_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/codec.h"

#define FUZZ_INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))

static inline void fuzz_broken(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* Room for what is written again; as large as any input, and a little more, so that a longer text shows as a difference. */
static inline struct wbuf fuzz_room(void)
{
	static uint8_t room[FUZZ_INPUT_MAX + 4096];
	return wbuf_on(room, sizeof room);
}

/* Canonical: what was read is written as the same bytes. */
static inline void fuzz_same(const struct wbuf *w, const uint8_t *p, size_t len)
{
	must(!w->bad && w->len == len);
	must(len == 0 || memcmp(w->p, p, len) == 0);
}
#endif
