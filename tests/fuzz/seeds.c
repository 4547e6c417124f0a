/* Writes the seeds that no golden vector holds: a genesis, its block and a block with a payment, and the books' records in the midst of
 * a market. `seeds DIR`; seed.sh calls it.
 *
 * Deterministic: the same program writes the same bytes. Does not know the targets beyond the form of their input. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "ledger/chain/round.h"
#include "tests/books_driver.h"

#define ROOM (1u << 20)
enum { SELLER, BUYER, ACCOUNTS };

static const char *dir;

static void save(const char *name, const void *p, size_t len)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	autofclose FILE *f = fopen(path, "w");
	if (!f || fwrite(p, 1, len, f) != len) {
		perror(path);
		exit(1);
	}
}

static void add_record(void *arg, struct slice key, struct slice value)
{
	struct wbuf *w = arg;
	put_blob(w, key.p, key.len);
	put_blob(w, value.p, value.len);
}

static void save_books(const char *name, struct state *s)
{
	autofree uint8_t *room = malloc(ROOM);
	struct wbuf w = wbuf_on(room, room ? ROOM : 0);
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		state_genesis_records(s, lane, add_record, &w);
	if (w.bad)
		abort();
	save(name, room, w.len);
}

static void market(void)
{
	struct rig r;
	rig_open(&r, ACCOUNTS, 1000000000000ULL);
	save_books("record/accounts", r.s);
	struct tx tx = rig_node_tx(&r, SELLER, 4);
	rig_do(&r, &tx);
	save_books("record/in-flight", r.s);
	rig_settle(&r);
	tx = rig_ask_tx(&r, SELLER, 4, 20000000);
	rig_do(&r, &tx);
	rig_settle(&r);
	save_books("record/ask", r.s);
	tx = rig_bid_tx(&r, BUYER, 2, 30000000, 600);
	rig_do(&r, &tx);
	rig_settle(&r);
	save_books("record/leases", r.s);
	rig_close(&r);
}

static void save_block(const char *name, const struct block *b)
{
	struct slice bytes = block_bytes(b);
	autofree uint8_t *p = malloc(bytes.len + 1);
	if (!p)
		abort();
	p[0] = 1;
	memcpy(p + 1, bytes.p, bytes.len);
	save(name, p, bytes.len + 1);
}

static void chain(void)
{
	static struct genesis g;
	static uint8_t room[ROOM];
	struct state *s;
	struct block *b;
	genesis_local(&g);
	for (uint32_t i = 0; i < 2; i++)
		g.account[g.naccounts++] = (struct genesis_account){.auth = rig_auth(i), .amount = money_of(1000000000)};
	struct wbuf w = wbuf_on(room, sizeof room);
	genesis_put(&w, &g);
	save("genesis/local", room, w.len);
	if (state_new(&g, &s) != V_OK)
		abort();
	struct chain *c = chain_new(s, &g);
	if (round_genesis(c, &b) < 0)
		abort();
	save_block("block/genesis", b);
	block_free(b);
	struct tx tx = {.type = TX_TRANSFER, .chain_id = 1, .sender = rig_address(0), .valid_until = 100, .nsig = 1};
	tx.u.transfer = (struct tx_transfer){.to = rig_address(1), .amount = money_of(5), .memo = "rent"};
	rig_pk(0, tx.sig[0].pk);
	struct wbuf e = wbuf_on(room, sizeof room);
	tx_put(&e, &tx);
	struct pending_tx p = {.tx = tx, .bytes = {room, e.len}, .signed_len = e.len - 1 - 96}, *list = &p;
	if (round_form(c, 1000, 0, &list, 1, &b) < 0 || p.status != V_OK)
		abort();
	save_block("block/payment", b);
	block_free(b);
	chain_free(c);
	state_free(s);
}

START_TEST(write_all)
{
	market();
	chain();
}
END_TEST

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	dir = argv[1];
	Suite *suite = suite_create("seeds"); /* the driver asserts, which wants a runner */
	TCase *cases = tcase_create("seeds");
	tcase_add_test(cases, write_all);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
