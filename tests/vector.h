/* Golden bytes: one text file per format, a line "name hex" per thing. A change of a format shows here first.
 *
 * vector_hold() proves for one encoding: it is the golden one; reading and writing again gives the same bytes; no truncation
 * and no trailing byte is accepted; and a flipped bit is either refused or the canonical encoding of something else.
 * ZEUS_VECTORS_WRITE=1 appends what is missing instead of failing; remove a line first to write it anew. */
#ifndef ZEUS_TESTS_VECTOR_H
#define ZEUS_TESTS_VECTOR_H
#include "common/codec.h"

#define VECTOR_MAX 65536

/* Decode in, encode what came of it; false when in is refused. */
typedef bool (*vector_again)(struct slice in, struct wbuf *out);

void vector_hold(const char *file, const char *name, const struct wbuf *w, vector_again again);
/* b[i] = first + i, so that every field of a sample is told from its neighbours */
void vector_fill(void *p, size_t len, uint8_t first);
/* check's boilerplate: runs the suite that add fills, returns main's exit status */
#define TEST_MAIN(title, ...) \
	int main(void) \
	{ \
		TCase *cases = tcase_create(title); \
		Suite *suite = suite_create(title); \
		const TTest *const tests[] = {__VA_ARGS__}; \
		for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) \
			tcase_add_test(cases, tests[i]); \
		tcase_set_timeout(cases, 60); \
		suite_add_tcase(suite, cases); \
		SRunner *runner = srunner_create(suite); \
		srunner_run_all(runner, CK_NORMAL); \
		int failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed != 0; \
	}
#endif
