/* What was acknowledged does not vanish in silence: the file that notes it, and a start over a log whose end was damaged.
 *
 * Knows LevelDB's log format as far as damaging a length needs it: blocks of 32 KiB, records of crc u32, length u16, type u8, data. */
#include "ledger/acked.h"
#include "tests/ledger_client.h"
#include <check.h>
#include <errno.h>
#include <signal.h>

#define LOG_BLOCK 32768
#define LOG_HEAD 7
#define SLOT_APART 512

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct id id_with(uint8_t b)
{
	struct id id = {{b, 1, 2, 3}};
	return id;
}

static void flip(const char *path, off_t at)
{
	uint8_t byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= 0xff;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

START_TEST(file)
{
	char dir[SCRATCH_LEN], path[SCRATCH_LEN + 8];
	struct acked a, b;
	scratch_make(dir);
	snprintf(path, sizeof path, "%s/acked", dir);
	ck_assert_int_eq(acked_open(dir, &a), -ENOENT);
	struct id id = id_with(0);
	ck_assert_int_eq(acked_create(dir, 0, &id, &a), 0);
	for (uint64_t h = 1; h <= 2 * ACKED_SYNC_BLOCKS + 1; h++) {
		id = id_with((uint8_t)h);
		ck_assert_int_eq(acked_put(&a, h, &id), 0);
		ck_assert_int_eq(acked_open(dir, &b), 0); /* as after a kill: nothing was closed */
		ck_assert(b.height == h && id_cmp(&b.block, &id) == 0);
		acked_close(&b);
	}
	acked_close(&a);
	flip(path, SLOT_APART + 20); /* the newest slot is torn: the one before it counts */
	ck_assert_int_eq(acked_open(dir, &b), 0);
	ck_assert_uint_eq(b.height, 2 * ACKED_SYNC_BLOCKS);
	acked_close(&b);
	flip(path, 75);
	ck_assert_int_eq(acked_open(dir, &b), -EBADMSG);
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert_int_eq(acked_open(dir, &b), -EBADMSG);
	scratch_remove(dir);
}
END_TEST

/* The number of the newest log of the database; it is the only one that is not empty. */
static void log_path(const struct daemon *d, char *out, size_t cap)
{
	char db[SCRATCH_LEN + 32];
	unsigned long newest = 0;
	snprintf(db, sizeof db, "%s/ledger/db", d->state);
	DIR *dir = opendir(db);
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		char *end;
		unsigned long n = strtoul(e->d_name, &end, 10);
		if (strcmp(end, ".log") == 0 && n > newest)
			newest = n;
	}
	closedir(dir);
	snprintf(out, cap, "%s/%06lu.log", db, newest);
}

/* The last record's length becomes larger than what is left of its block. */
static void damage_length(const char *path)
{
	static uint8_t bytes[1 << 20];
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t n = pread(fd, bytes, sizeof bytes, 0);
	size_t at = 0, last = 0;
	while (at + LOG_HEAD <= (size_t)n) {
		if (LOG_BLOCK - at % LOG_BLOCK < LOG_HEAD) {
			at += LOG_BLOCK - at % LOG_BLOCK;
			continue;
		}
		last = at;
		at += LOG_HEAD + bytes[at + 4] + 256u * bytes[at + 5];
	}
	ck_assert_uint_gt(last, 0);
	ck_assert_int_eq(pwrite(fd, "\xff\xff", 2, (off_t)last + 4), 2);
	close(fd);
}

static void pay(const struct daemon *d, uint32_t n)
{
	struct fold f = {0};
	struct lc c;
	struct address to;
	lc_open(&c, d, &f);
	ck_assert(lc_address(&c, 2000, &to));
	for (uint32_t i = 0; i < n; i++) {
		struct tx tx = {.type = TX_TRANSFER};
		tx.u.transfer = (struct tx_transfer){.cid = {{(uint8_t)i, (uint8_t)(n >> 8), (uint8_t)n}}, .to = to, .amount = money_of(1)};
		ck_assert_int_eq(lc_do(&c, 1000, &tx), V_OK);
	}
	lc_close(&c);
	fold_free(&f);
}

START_TEST(lost_tail)
{
	struct daemon d;
	char log[SCRATCH_LEN + 64], acked[SCRATCH_LEN + 64];
	daemon_init(&d, accounts);
	const char *run[] = {"zeus-ledger", "--state", d.state, NULL};
	const char *verify[] = {"zeus-ledger", "--verify", "--state", d.state, NULL};
	snprintf(acked, sizeof acked, "%s/ledger/db/acked", d.state);
	daemon_start(&d);
	pay(&d, 20);
	ck_assert_int_eq(daemon_stop(&d, SIGKILL), -SIGKILL);
	log_path(&d, log, sizeof log);
	damage_length(log);
	ck_assert_int_eq(daemon_run(run), 78);
	ck_assert_int_eq(daemon_run(verify), 78); /* and opening it did not make it forget */
	ck_assert_int_eq(daemon_run(run), 78);
	ck_assert_int_eq(unlink(acked), 0); /* the operator takes the loss */
	daemon_start(&d);
	pay(&d, 5);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	ck_assert_int_eq(daemon_run(verify), 0);
	ck_assert_int_eq(truncate(acked, 0), 0);
	ck_assert_int_eq(daemon_run(run), 78);
	daemon_remove(&d);
}
END_TEST

/* Books of the same height that are other books: as if a backup had been put there and gone on with. */
START_TEST(other_block)
{
	struct daemon d;
	char db[SCRATCH_LEN + 32];
	struct acked a;
	daemon_init(&d, accounts);
	const char *run[] = {"zeus-ledger", "--state", d.state, NULL};
	snprintf(db, sizeof db, "%s/ledger/db", d.state);
	ck_assert_int_eq(acked_open(db, &a), 0);
	ck_assert_uint_eq(a.height, 0);
	struct id right = a.block, wrong = id_with(9);
	ck_assert_int_eq(acked_put(&a, 0, &wrong), 0);
	ck_assert_int_eq(daemon_run(run), 78);
	ck_assert_int_eq(acked_put(&a, 0, &right), 0);
	acked_close(&a);
	daemon_start(&d);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	daemon_remove(&d);
}
END_TEST

LEDGER_TEST_MAIN("acked", file, lost_tail, other_block)
