/* What is written into chains/N/verify: ids and proofs, however the writes are cut.
 *
 * Whether a proof is good is asked in test_proof.c. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/vector.h"
#include "zfs-views/verify.h"

#define ID "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define PROOF "zeus-proof 1\nheight 7\ntx 00ff\nsummer 1\nsum " ID "\n"

static char came[32][128];
static unsigned n;
static atomic_uint unfinished;

static bool take(void *arg, struct slice q, struct refusal *why)
{
	(void)arg;
	ck_assert_uint_lt(n, 32);
	snprintf(came[n++], sizeof came[0], "%.*s", (int)q.len, (const char *)q.p);
	return strncmp((const char *)q.p, "no", 2) != 0 || refuse(why, EINVAL, -1, "no");
}

static int put(struct verify_in *s, const char *p, size_t len)
{
	struct refusal why;
	size_t done;
	int err = verify_write(s, &unfinished, p, len, take, NULL, &why, &done);
	ck_assert(err || done == len);
	return err;
}

START_TEST(whole_in_one_write)
{
	static const char text[] = "# a comment\n\n" ID "\n" PROOF PROOF " " ID " \n";
	struct verify_in s = {.p = NULL};
	n = 0;
	ck_assert_int_eq(put(&s, text, strlen(text)), 0);
	ck_assert_uint_eq(n, 4);
	ck_assert_str_eq(came[0], ID);
	ck_assert_str_eq(came[1], PROOF);
	ck_assert_str_eq(came[2], PROOF);
	ck_assert_str_eq(came[3], ID);
	ck_assert(!verify_unfinished(&s) && !s.p && unfinished == 0);
}
END_TEST

/* As shells write: a line at a time. */
START_TEST(line_by_line)
{
	struct verify_in s = {.p = NULL};
	n = 0;
	for (const char *p = PROOF, *end; *p; p = end) {
		ck_assert_uint_eq(n, 0);
		end = strchr(p, '\n') + 1;
		ck_assert_int_eq(put(&s, p, (size_t)(end - p)), 0);
	}
	ck_assert(n == 1 && unfinished == 0);
	ck_assert_str_eq(came[0], PROOF);
}
END_TEST

/* A full buffer is cut anywhere; every piece but the last is as large as one. */
START_TEST(full_buffers)
{
	size_t len = 3 * 4096 + 300, head = strlen("zeus-proof 1\ntx ");
	char *text = malloc(len + 1);
	static const char tail[] = "\nsum " ID "\n";
	strcpy(text, "zeus-proof 1\ntx ");
	memset(text + head, '0', len - head);
	memcpy(text + len - strlen(tail), tail, strlen(tail));
	for (size_t piece = 4096; piece < 2 * 4096; piece += 501) {
		struct verify_in s = {.p = NULL};
		n = 0;
		for (size_t at = 0; at < len; at += piece)
			ck_assert_int_eq(put(&s, text + at, len - at < piece ? len - at : piece), 0);
		ck_assert(n == 1 && unfinished == 0);
	}
	free(text);
}
END_TEST

START_TEST(what_is_refused)
{
	struct verify_in s = {.p = NULL};
	n = 0;
	ck_assert_int_eq(put(&s, ID, 64), EINVAL); /* no newline */
	ck_assert_int_eq(put(&s, PROOF, 12), EINVAL);
	ck_assert_int_eq(put(&s, PROOF, 13), 0);
	ck_assert(verify_unfinished(&s) && unfinished == 1);
	ck_assert_int_eq(put(&s, PROOF + 13, 4), EINVAL); /* a torn line, and with it the proof is forgotten */
	ck_assert(!verify_unfinished(&s) && unfinished == 0 && n == 0);
	ck_assert_int_eq(put(&s, ID "\nno\n" ID "\n", 65 + 3 + 65), EINVAL);
	ck_assert_uint_eq(n, 2);
	size_t most = PROOF_TEXT_MAX + 1;
	char *long_one = malloc(most);
	memset(long_one, '0', most);
	memcpy(long_one, "zeus-proof 1\n", 13);
	ck_assert_int_eq(put(&s, long_one, most), E2BIG);
	ck_assert(!s.p && unfinished == 0);
	free(long_one);
}
END_TEST

START_TEST(many_may_be_unfinished_but_not_all)
{
	struct verify_in s[PROOFS_UNFINISHED_MAX + 1] = {{.p = NULL}};
	n = 0;
	for (int i = 0; i < PROOFS_UNFINISHED_MAX; i++)
		ck_assert_int_eq(put(&s[i], PROOF, 13), 0);
	ck_assert_int_eq(put(&s[PROOFS_UNFINISHED_MAX], PROOF, 13), EAGAIN);
	ck_assert_int_eq(put(&s[PROOFS_UNFINISHED_MAX], ID "\n", 65), 0); /* what comes whole needs no room */
	ck_assert_int_eq(put(&s[PROOFS_UNFINISHED_MAX], PROOF, strlen(PROOF)), 0);
	ck_assert_uint_eq(n, 2);
	verify_close(&s[0]);
	ck_assert_int_eq(put(&s[PROOFS_UNFINISHED_MAX], PROOF, 13), 0);
	for (int i = 0; i <= PROOFS_UNFINISHED_MAX; i++)
		verify_close(&s[i]);
	ck_assert_uint_eq(unfinished, 0);
}
END_TEST

TEST_MAIN("verify", whole_in_one_write, line_by_line, full_buffers, what_is_refused, many_may_be_unfinished_but_not_all)
