/* Writes into lines.
 *
 * Missing newlines, torn lines, comments, length, short counts. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/lines.h"

static char seen[65536];

static bool take(void *arg, const char *line, uint32_t index, struct refusal *why)
{
	(void)arg;
	if (strncmp(line, "bad", 3) == 0)
		return refuse(why, ERANGE, 0, "line %u is bad", index);
	strcat(seen, line);
	strcat(seen, "|");
	return true;
}

static int feed(struct lines *s, const char *p, size_t len, size_t *done)
{
	struct refusal why;
	char refused[LINE_MAX_LEN + 1];
	return lines_write(s, p, len, take, NULL, &why, refused, done);
}

static int say(struct lines *s, const char *p, size_t *done) { return feed(s, p, strlen(p), done); }

START_TEST(whole_lines)
{
	struct lines s = {0};
	size_t done;
	seen[0] = 0;
	ck_assert_int_eq(say(&s, "one\n\n  \n# two\nthree\n", &done), 0);
	ck_assert_uint_eq(done, 20);
	ck_assert_str_eq(seen, "one|three|");
}
END_TEST

START_TEST(missing_newline)
{
	struct lines s = {0};
	size_t done;
	seen[0] = 0;
	ck_assert_int_eq(say(&s, "one", &done), EINVAL);
	ck_assert_uint_eq(done, 0);
	ck_assert_str_eq(seen, "");
	ck_assert_int_eq(say(&s, "two\n", &done), 0);
	ck_assert_str_eq(seen, "two|");
}
END_TEST

START_TEST(refused_in_the_middle)
{
	struct lines s = {0};
	size_t done;
	seen[0] = 0;
	ck_assert_int_eq(say(&s, "one\nbad\nthree\n", &done), ERANGE);
	ck_assert_uint_eq(done, 4);
	ck_assert_int_eq(say(&s, "bad\nthree\n", &done), ERANGE);
	ck_assert_uint_eq(done, 0);
	ck_assert_str_eq(seen, "one|");
}
END_TEST

START_TEST(torn_at_a_buffer)
{
	struct lines s = {0};
	char buf[4096];
	size_t done;
	seen[0] = 0;
	memset(buf, '#', sizeof buf);
	buf[4000] = '\n';
	memcpy(buf + 4001, "ab", 2);
	memset(buf + 4003, 'x', sizeof buf - 4003);
	ck_assert_int_eq(feed(&s, buf, sizeof buf, &done), 0);
	ck_assert_uint_eq(done, sizeof buf);
	ck_assert(lines_unfinished(&s));
	ck_assert_int_eq(say(&s, "end\n", &done), 0);
	ck_assert(!lines_unfinished(&s));
	ck_assert(strncmp(seen, "abx", 3) == 0 && strcmp(seen + strlen(seen) - 4, "end|") == 0);
}
END_TEST

START_TEST(torn_and_refused)
{
	struct lines s = {0};
	char buf[4096];
	size_t done;
	seen[0] = 0;
	memset(buf, '#', sizeof buf);
	memcpy(buf + 4000, "\nbad ", 5);
	ck_assert_int_eq(feed(&s, buf, sizeof buf, &done), 0);
	ck_assert_int_eq(say(&s, "order\n", &done), ERANGE);
	ck_assert_int_eq(say(&s, "order\n", &done), EINVAL); /* the writer's retry: no order of its own */
	ck_assert_str_eq(seen, "");
}
END_TEST

START_TEST(too_long)
{
	struct lines s = {0};
	static char buf[9000];
	size_t done;
	seen[0] = 0;
	memset(buf, 'x', sizeof buf);
	ck_assert_int_eq(feed(&s, buf, sizeof buf, &done), E2BIG);
	ck_assert_int_eq(say(&s, "one\n", &done), EINVAL);
	struct lines t = {0};
	buf[LINE_MAX_LEN + 1] = '\n';
	ck_assert_int_eq(feed(&t, buf, LINE_MAX_LEN + 2, &done), E2BIG);
	buf[LINE_MAX_LEN] = '\n';
	struct lines u = {0};
	ck_assert_int_eq(feed(&u, buf, LINE_MAX_LEN + 1, &done), 0);
	ck_assert_uint_eq(strlen(seen), LINE_MAX_LEN + 1);
}
END_TEST

START_TEST(nul_byte)
{
	struct lines s = {0};
	size_t done;
	seen[0] = 0;
	ck_assert_int_eq(feed(&s, "o\0e\n", 4, &done), EINVAL);
	ck_assert_str_eq(seen, "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lines");
	TCase *c = tcase_create("writes");
	tcase_add_test(c, whole_lines);
	tcase_add_test(c, missing_newline);
	tcase_add_test(c, refused_in_the_middle);
	tcase_add_test(c, torn_at_a_buffer);
	tcase_add_test(c, torn_and_refused);
	tcase_add_test(c, too_long);
	tcase_add_test(c, nul_byte);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
