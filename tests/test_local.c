/* Drafts, tasks, errors, modes and hidden objects.
 *
 * Their bounds, and what outlives the process. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/limits.h"
#include "zfs-views/local.h"

static char folder[] = "/tmp/zeus-local-XXXXXX";
static int state_fd;
static struct local *l;

static void open_local(void) { ck_assert_int_eq(local_new(state_fd, &l), 0); }

static void setup(void)
{
	strcpy(folder, "/tmp/zeus-local-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	state_fd = open(folder, O_RDONLY | O_DIRECTORY);
	open_local();
}

static void teardown(void)
{
	char command[64];
	local_free(l);
	close(state_fd);
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void restart(void)
{
	local_free(l);
	open_local();
}

static void collect(void *arg, const char *p, size_t len) { strncat(arg, p, len); }

START_TEST(errors)
{
	char text[65536] = "";
	local_error(l, 7, ENXIO, "/zeus/market/orders/r2", "no such symbol", "bid gpux qty=2", 4);
	local_error(l, 8, EPERM, "/zeus/x", "not yours", NULL, -1);
	local_errors_text(l, 7, collect, text);
	ck_assert_ptr_nonnull(strstr(text, " ENXIO /zeus/market/orders/r2: no such symbol\n  bid gpux qty=2\n      ^\n"));
	ck_assert_ptr_null(strstr(text, "not yours"));
	for (int i = 0; i < 100; i++)
		local_error(l, 7, EINVAL, "p", "again\033[2J", NULL, -1);
	text[0] = 0;
	local_errors_text(l, 7, collect, text);
	int lines = 0;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	ck_assert_int_eq(lines, ERRORS_PER_UID);
	ck_assert_ptr_null(strchr(text, '\033'));
	local_errors_clear(l, 7);
	text[0] = 0;
	local_errors_text(l, 7, collect, text);
	ck_assert_str_eq(text, "");
	for (uid_t u = 100; u < 100 + 2 * ERROR_UIDS_MAX; u++)
		local_error(l, u, EINVAL, "p", "s", NULL, -1);
}
END_TEST

START_TEST(drafts)
{
	struct draft d;
	char name[32];
	ck_assert_int_eq(local_draft_make(l, 7, ".r1", 0600), 0);
	ck_assert_int_eq(local_draft_make(l, 7, ".r1", 0600), -EEXIST);
	ck_assert_int_eq(local_draft_make(l, 8, ".r1", 0600), 0);
	ck_assert_int_eq(local_draft_write(l, 7, ".r1", "hello", 5, 0), 0);
	ck_assert_int_eq(local_draft_write(l, 7, ".r1", "J", 1, 0), 0);
	ck_assert_int_eq(local_draft_write(l, 7, ".r1", "!", 1, DRAFT_MAX_LEN), -EFBIG);
	ck_assert_int_eq(local_draft_write(l, 7, ".r1", "!", 1, UINT64_MAX), -EFBIG);
	ck_assert(local_draft_get(l, 7, ".r1", &d) && d.len == 5 && memcmp(d.text, "Jello", 5) == 0);
	uint64_t made = d.made_ms;
	free(d.text);
	local_draft_opened(l, 7, ".r1", 1);
	local_draft_opened(l, 7, ".r1", -1);
	ck_assert_int_eq(local_draft_rename(l, 7, ".r1", "r1~"), 0);
	ck_assert(!local_draft_get(l, 7, ".r1", &d));
	ck_assert(local_draft_get(l, 7, "r1~", &d) && d.made_ms == made);
	free(d.text);
	for (int i = 1; i < DRAFTS_PER_UID; i++) {
		snprintf(name, sizeof name, ".x%d", i);
		ck_assert_int_eq(local_draft_make(l, 7, name, 0600), 0);
	}
	ck_assert_int_eq(local_draft_make(l, 7, ".more", 0600), -ENOSPC);
	ck_assert_int_eq(local_draft_drop(l, 7, ".x1"), 0);
	ck_assert_int_eq(local_draft_make(l, 7, ".more", 0600), 0);
}
END_TEST

START_TEST(tasks)
{
	struct local_task t;
	ck_assert_int_eq(local_task_make(l, 7, "../x", 0750), -EINVAL);
	ck_assert_int_eq(local_task_make(l, 7, "t1", 0750), 0);
	ck_assert_int_eq(local_task_make(l, 8, "t1", 0750), -EEXIST);
	ck_assert_int_eq(local_task_set(l, "t1", SET_CMD, "one\n", 4, 0, false), 0);
	ck_assert_int_eq(local_task_set(l, "t1", SET_CMD, "two\n", 4, 4, false), 0);
	ck_assert_int_eq(local_task_set(l, "t1", SET_IMAGE, "longer\n", 7, 0, true), 0);
	ck_assert_int_eq(local_task_set(l, "t1", SET_IMAGE, "demo\n", 5, 0, true), 0);
	ck_assert_int_eq(local_task_set(l, "t1", SET_ENV, "x", 1, TASK_SETTING_LEN, false), -EFBIG);
	ck_assert_int_eq(local_task_rename(l, "t1", "t2"), 0);
	restart();
	ck_assert(!local_task_get(l, "t1", &t));
	ck_assert(local_task_get(l, "t2", &t));
	ck_assert(t.uid == 7 && !t.started && t.len[SET_CMD] == 8 && memcmp(t.setting[SET_CMD], "one\ntwo\n", 8) == 0);
	ck_assert_str_eq(t.setting[SET_IMAGE], "demo\n");
	local_task_copy_free(&t);
	ck_assert_int_eq(local_task_start(l, "t2"), 0);
	ck_assert_int_eq(local_task_start(l, "t2"), -EBUSY);
	ck_assert_int_eq(local_task_set(l, "t2", SET_CMD, "x", 1, 0, true), -EBUSY);
	restart();
	ck_assert_int_eq(local_task_set(l, "t2", SET_CMD, "x", 1, 0, true), -EBUSY);
	ck_assert_int_eq(local_task_drop(l, "t2"), 0);
	restart();
	ck_assert(!local_task_get(l, "t2", &t));
}
END_TEST

START_TEST(tasks_of_one_user)
{
	char name[32];
	for (int i = 0; i < TASK_DRAFTS_PER_UID; i++) {
		snprintf(name, sizeof name, "x%d", i);
		ck_assert_int_eq(local_task_make(l, 7, name, 0750), 0);
	}
	ck_assert_int_eq(local_task_make(l, 7, "more", 0750), -ENOSPC);
	ck_assert_int_eq(local_task_make(l, 8, "more", 0750), 0);
	ck_assert_int_eq(local_task_drop(l, "x1"), 0);
	ck_assert_int_eq(local_task_make(l, 7, "x1", 0750), 0);
}
END_TEST

START_TEST(modes_and_hidden)
{
	mode_t mode;
	struct id id = {{1, 2, 3}};
	ck_assert(!local_mode(l, 99, &mode));
	ck_assert_int_eq(local_mode_set(l, 99, 0770), 0);
	ck_assert_int_eq(local_mode_set(l, 99, 0750), 0);
	for (uint32_t i = 0; i < 3; i++) {
		struct id other = {{9, (uint8_t)i}};
		ck_assert_int_eq(local_hide(l, &other), 0);
	}
	ck_assert(!local_hidden(l, &id));
	ck_assert_int_eq(local_hide(l, &id), 0);
	restart();
	ck_assert(local_mode(l, 99, &mode) && mode == 0750);
	ck_assert(local_hidden(l, &id));
}
END_TEST

START_TEST(tokens)
{
	struct token_draft d;
	char symbol[16];
	static const char *const bad[] = {"", "G", "gold", "ZNC", "GOLDGOLDX", "1GOLD", "GO-LD", "../X"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(local_token_make(l, 7, bad[i]), -EINVAL);
	ck_assert_int_eq(local_token_make(l, 7, "GOLD"), 0);
	ck_assert_int_eq(local_token_make(l, 7, "GOLD"), -EEXIST);
	ck_assert_int_eq(local_token_make(l, 8, "GOLD"), 0);
	ck_assert(local_token_get(l, 7, "GOLD", &d) && d.decimals == 8 && d.num == 1 && d.den == 1 && d.mode == TOKEN_OPEN);
	uint64_t made = d.made_ms;
	d = (struct token_draft){.symbol = "GOLD", .uid = 7, .decimals = 18, .mode = TOKEN_ISSUER, .num = UINT64_MAX, .den = UINT64_MAX};
	ck_assert_int_eq(local_token_set(l, &d), 0);
	restart();
	ck_assert(local_token_get(l, 7, "GOLD", &d) && d.decimals == 18 && d.mode == TOKEN_ISSUER);
	ck_assert(d.num == UINT64_MAX && d.den == UINT64_MAX && d.made_ms == made);
	ck_assert(local_token_get(l, 8, "GOLD", &d) && d.decimals == 8);
	ck_assert(!local_token_get(l, 9, "GOLD", &d));
	for (int i = 1; i < TOKEN_DRAFTS_PER_UID; i++) {
		snprintf(symbol, sizeof symbol, "T%d", i);
		ck_assert_int_eq(local_token_make(l, 7, symbol), 0);
	}
	ck_assert_int_eq(local_token_make(l, 7, "MORE"), -ENOSPC);
	ck_assert_int_eq(local_token_drop(l, 7, "GOLD"), 0);
	ck_assert_int_eq(local_token_drop(l, 7, "GOLD"), -ENOENT);
	ck_assert_int_eq(local_token_set(l, &d), 0); /* 8's is still there */
	ck_assert_int_eq(local_token_make(l, 7, "MORE"), 0);
	for (uid_t uid = 100; uid < 100 + TOKEN_DRAFTS_MAX; uid++)
		if (local_token_make(l, uid, "GOLD") != 0)
			ck_assert_int_eq(local_token_make(l, uid, "GOLD"), -ENOSPC);
	ck_assert_int_eq(local_token_make(l, 9999, "GOLD"), -ENOSPC);
	restart();
	ck_assert_int_eq(local_token_make(l, 9999, "GOLD"), -ENOSPC);
	ck_assert(local_token_get(l, 7, "MORE", &d) && local_token_get(l, 100, "GOLD", &d));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("local");
	TCase *c = tcase_create("tables");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, errors);
	tcase_add_test(c, drafts);
	tcase_add_test(c, tasks);
	tcase_add_test(c, tasks_of_one_user);
	tcase_add_test(c, tokens);
	tcase_add_test(c, modes_and_hidden);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
