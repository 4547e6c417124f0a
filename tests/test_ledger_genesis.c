/* A ledger that begins from a file: what it takes, what it refuses without leaving anything behind, and whose keys it needs.
 *
 * The file is written as zeus genesis would, with the keys that --keys made. Does not test the text itself (test_genesis.c). */
#include "ledger/keystore.h"
#include "ledger/state/state.h"
#include "tests/ledger_client.h"
#include <check.h>
#include <signal.h>
#include <sys/stat.h>

#define A 1000u

static struct daemon d;
static struct genesis g;
static struct keypair stranger;
static char file[SCRATCH_LEN + 16], keys_dir[SCRATCH_LEN + 32];

static void give(const uint8_t pk[32], uint64_t znc, uint8_t schedule)
{
	*genesis_account_add(&g) = (struct genesis_account){.auth = sign_auth_single(pk), .amount = money_of(znc * ZNC_BASE),
	    .schedule = schedule};
}

static void write_file(const char *more)
{
	size_t cap = genesis_room(&g);
	char *text = malloc(cap);
	struct wbuf w = wbuf_on(text, cap);
	genesis_text_put(&w, &g);
	FILE *f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, w.len, f), w.len);
	fputs(more, f);
	fclose(f);
	free(text);
}

static void open_all(void)
{
	ck_assert_int_eq(sign_init(), 0);
	scratch_make(d.dir);
	snprintf(d.state, sizeof d.state, "%s/s", d.dir);
	snprintf(file, sizeof file, "%s/genesis", d.dir);
	snprintf(keys_dir, sizeof keys_dir, "%s/ledger/keys", d.state);
	genesis_local(&g);
	g.time_ms = 1543622400000;
	g.unstake_s = 3;
	sign_keypair_new(&stranger);
	give(stranger.pk, 7, VEST_NONE);
}

static void close_all(void)
{
	genesis_free(&g);
	daemon_remove(&d);
}

static int run(const char *mode, const char *more, const char *value)
{
	const char *args[] = {"zeus-ledger", "--state", d.state, mode, more, value, NULL};
	return daemon_run(args);
}

static bool there(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

static struct keypair made_key(uint32_t uid)
{
	struct keystore *k;
	char why[256];
	ck_assert_int_eq(keystore_open(keys_dir, false, &k, why), 0);
	ck_assert_ptr_nonnull(keystore_key(k, uid));
	struct keypair key = *keystore_key(k, uid);
	keystore_close(k);
	return key;
}

START_TEST(keys_then_genesis_then_blocks)
{
	static struct lc c;
	struct fold f = {0};
	struct address to;
	open_all();
	ck_assert_int_eq(run("--keys", "--operator", "1000"), 0);
	struct keypair own = made_key(A), node = made_key(KEYSTORE_NODE);
	ck_assert_int_eq(run("--keys", "--operator", "1000"), 0); /* again: the same */
	ck_assert_mem_eq(made_key(A).pk, own.pk, 32);
	give(own.pk, 1000, VEST_TEAM);
	g.work_window_ms = g.epoch_ms = g.mig_epoch_ms = UINT64_MAX; /* never over */
	g.sketch_half_ms = g.fill_step_ms = 1;
	g.free_wu = 3000;
	g.lane_wu = 100000;
	g.free_ppm = 1000000;
	write_file("");
	const char *more[] = {"--genesis", file, "--operator", "1000", NULL};
	daemon_init_in(&d, more, 0);
	ck_assert_mem_eq(made_key(KEYSTORE_NODE).pk, node.pk, 32);
	ck_assert_int_eq(run("--init", "--genesis", file), 1); /* never over another one */
	daemon_start(&d);
	lc_open(&c, &d, &f);
	struct id want = genesis_hash(&g);
	ck_assert(id_cmp(&c.welcome.genesis, &want) == 0);
	to = sign_address(&g.account[0].auth);
	ck_assert_uint_eq(lc_balance(&c, &to), 7 * ZNC_BASE);
	struct tx tx = {.type = TX_STAKE}; /* eight years on, all of it is vested */
	tx.u.stake.amount = money_of(1000 * ZNC_BASE);
	ck_assert_int_eq(lc_do(&c, A, &tx), V_OK);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	ck_assert_int_eq(run("--verify", NULL, NULL), 0);
	fold_free(&f);
	close_all();
}
END_TEST

START_TEST(unvested_coins_in_the_daemon)
{
	static struct lc c;
	struct fold f = {0};
	open_all();
	ck_assert_int_eq(run("--keys", "--operator", "1000"), 0);
	give(made_key(A).pk, 1000, VEST_RESERVE);
	write_file("# as it is\n");
	const char *more[] = {"--genesis", file, "--operator", "1000", NULL};
	daemon_init_in(&d, more, 0);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer.to = sign_address(&g.account[0].auth);
	tx.u.transfer.amount = money_of(1);
	ck_assert_int_eq(lc_do(&c, A, &tx), V_UNVESTED);
	tx.u.transfer.amount = money_of(1000 * ZNC_BASE + 1);
	tx.u.transfer.cid.b[0] = 1;
	ck_assert_int_eq(lc_do(&c, A, &tx), V_NO_FUNDS);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	fold_free(&f);
	close_all();
}
END_TEST

/* Whose account runs the node may be opened later: a network has one genesis and many nodes. */
START_TEST(an_operator_who_is_not_in_it)
{
	static struct lc c;
	struct fold f = {0};
	open_all();
	write_file("");
	const char *more[] = {"--genesis", file, "--operator", "1000", NULL};
	daemon_init_in(&d, more, 0);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	struct tx tx = {.type = TX_STAKE};
	tx.u.stake.amount = money_of(1);
	ck_assert_int_eq(lc_do(&c, A, &tx), V_NO_ACCOUNT);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	fold_free(&f);
	close_all();
}
END_TEST

START_TEST(what_is_refused_leaves_nothing)
{
	open_all();
	ck_assert_int_eq(run("--init", "--genesis", file), 78); /* there is no such file */
	ck_assert_int_eq(run("--init", "--genesis", d.dir), 78);
	write_file("reserve 1\n");
	ck_assert_int_eq(run("--init", "--genesis", file), 78);
	g.epoch_ms = 0;
	write_file("");
	ck_assert_int_eq(run("--init", "--genesis", file), 78); /* a rule out of its range */
	g.epoch_ms = UINT64_MAX;
	g.standard_lease.b[0] ^= 1; /* a contract that this program does not know */
	write_file("");
	ck_assert(!there(keys_dir));
	ck_assert_int_eq(run("--init", "--genesis", file), 78);
	char db[SCRATCH_LEN + 32];
	snprintf(db, sizeof db, "%s/ledger/db", d.state);
	ck_assert(!there(db));
	g.standard_lease.b[0] ^= 1;
	write_file("");
	ck_assert_int_eq(chmod(file, 0), 0);
	ck_assert_int_eq(run("--init", "--genesis", file), 77);
	ck_assert_int_eq(run("--genesis", file, NULL), 2);
	ck_assert_int_eq(run("--keys", "--genesis", file), 2);
	ck_assert_int_eq(run("--keys", "--account", "1=1"), 2);
	ck_assert_int_eq(run("--operator", "1000", NULL), 2);
	const char *both[] = {"zeus-ledger", "--state", d.state, "--init", "--genesis", file, "--account", "1=1", NULL};
	ck_assert_int_eq(daemon_run(both), 2);
	ck_assert_int_eq(chmod(file, 0600), 0);
	ck_assert_int_eq(run("--init", "--genesis", file), 0);
	close_all();
}
END_TEST

LEDGER_TEST_MAIN("ledger_genesis", keys_then_genesis_then_blocks, unvested_coins_in_the_daemon, an_operator_who_is_not_in_it,
	what_is_refused_leaves_nothing)
