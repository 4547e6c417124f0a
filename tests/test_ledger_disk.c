/* A full disk: new transactions are refused with a verdict, what is there can be read, and it goes on when there is space again.
 *
 * The thresholds are tested on statvfs(2) as this file defines it; the ledger itself on a small tmpfs in a mount namespace of the test's
 * own, which needs root (skipped without). */
#include "ledger/disk.h"
#include "tests/ledger_market.h"
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define A 1000u
#define B 2000u
#define MIB ((uint64_t)1 << 20)

static uint64_t pretend_free;

int statvfs(const char *restrict path, struct statvfs *restrict out)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return -1;
	*out = (struct statvfs){.f_frsize = 4096, .f_bavail = pretend_free / 4096};
	return 0;
}

static bool has_ballast(const char *dir)
{
	char path[SCRATCH_LEN + 16];
	struct stat st;
	snprintf(path, sizeof path, "%s/ballast", dir);
	return stat(path, &st) == 0 && (uint64_t)st.st_size == DISK_BALLAST_BYTES;
}

START_TEST(thresholds)
{
	static const struct { uint64_t free_mib; enum disk_state want; bool ballast; } step[] = {
	    {200, DISK_OK, true}, {70, DISK_OK, true}, {64, DISK_OK, true}, {63, DISK_LOW, false}, /* given up */
	    {79, DISK_LOW, false}, {95, DISK_LOW, false}, /* no flapping: room for both comes first */
	    {7, DISK_FULL, false}, {8, DISK_LOW, false}, {97, DISK_OK, true}, {64, DISK_OK, true}};
	char dir[SCRATCH_LEN];
	struct disk disk;
	uint64_t now_ms = 1000;
	scratch_make(dir);
	disk_init(&disk, dir);
	for (size_t i = 0; i < sizeof step / sizeof step[0]; i++, now_ms += 1000) {
		pretend_free = step[i].free_mib * MIB;
		ck_assert_msg(disk_check(&disk, now_ms) == step[i].want, "step %zu", i);
		ck_assert_msg(has_ballast(dir) == step[i].ballast, "ballast, step %zu", i);
	}
	pretend_free = 0;
	ck_assert_int_eq(disk_check(&disk, now_ms - 500), DISK_OK); /* asked a moment ago */
	ck_assert_int_eq(disk_look(&disk, now_ms - 400), DISK_FULL);
	pretend_free = MIB << 10;
	ck_assert_int_eq(disk_check(&disk, now_ms), DISK_FULL);
	pretend_free = 0;
	scratch_remove(dir);
	pretend_free = MIB << 10;
	ck_assert_int_eq(disk_check(&disk, now_ms + 1000), DISK_FULL); /* no answer: as it was */
}
END_TEST

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

/* The test's process only: the mount ends with it. */
static void small_disk(struct daemon *d)
{
	scratch_make(d->dir);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("zeus-test", d->dir, "tmpfs", MS_NOSUID | MS_NODEV, "size=160m,mode=0777"), 0);
	daemon_init_in(d, accounts, NOBODY);
}

/* As the ledger's own user, who may everything. */
static void connect_to(struct lc *c, const struct daemon *d, struct fold *f)
{
	ck_assert_int_eq(seteuid(NOBODY), 0);
	lc_open(c, d, f);
	ck_assert_int_eq(seteuid(0), 0);
}

static int filler_open(const struct daemon *d)
{
	char path[SCRATCH_LEN + 16];
	snprintf(path, sizeof path, "%s/filler", d->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Whatever there is, to the last page: the ballast is what the ledger has then. */
static void fill(int fd)
{
	static uint8_t page[1 << 16];
	while (write(fd, page, sizeof page) > 0)
		;
	ck_assert_int_eq(errno, ENOSPC);
}

static enum verdict pay(struct lc *c, const struct address *to)
{
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = *to, .amount = money_of(1)};
	return (enum verdict)lc_wait(c, lc_intent(c, A, &tx)).verdict;
}

/* Pay until that is the answer; the ledger looks at its disk once a second. How many were paid. */
static uint64_t pay_until(struct lc *c, const struct address *to, enum verdict want)
{
	for (uint64_t paid = 0;;) {
		enum verdict v = pay(c, to);
		ck_assert_msg(v == V_OK || v == V_DISK_FULL, "%s", verdict_name(v));
		paid += v == V_OK;
		if (v == want)
			return paid;
	}
}

START_TEST(full_and_free_again)
{
	static struct lc c;
	struct daemon d;
	struct fold f = {0};
	struct address to;
	small_disk(&d);
	daemon_start(&d);
	connect_to(&c, &d, &f);
	ck_assert(lc_address(&c, B, &to));
	uint64_t before = lc_balance(&c, &to), paid = pay_until(&c, &to, V_OK);
	int fd = filler_open(&d);
	fill(fd);
	paid += pay_until(&c, &to, V_DISK_FULL);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK); /* it reads on */
	ck_assert_int_eq(pay(&c, &to), V_DISK_FULL);
	uint64_t seen = lc_balance(&c, &to);
	fill(fd); /* the ballast's room too: not even a block could be written; it is not asked to */
	ck_assert_int_eq(pay(&c, &to), V_DISK_FULL);
	ck_assert_uint_eq(lc_balance(&c, &to), seen);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	paid += pay_until(&c, &to, V_OK);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	ck_assert_uint_eq(lc_balance(&c, &to), before + paid);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	daemon_start(&d);
	connect_to(&c, &d, &f);
	ck_assert_uint_eq(lc_balance(&c, &to), before + paid);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	close(fd);
	close(d.notify);
	fold_free(&f);
	umount2(d.dir, MNT_DETACH);
	rmdir(d.dir);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {thresholds, full_and_free_again};
	bool root = geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0;
	return test_run("ledger_disk", tests, root ? 2 : 1);
}
