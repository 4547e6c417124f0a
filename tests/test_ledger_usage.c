/* Usage receipts on their way into a block: the tick that the ledger signs for plan, and those that somebody else brings.
 *
 * The node signs once per tick over the tree of all receipts; nothing enters a block but a receipt that a path leads from to such a root.
 * At the end --verify looks at every signature once more. What a receipt may claim is tests/test_state_lease.c's. */
#include "ledger/admit.h"
#include "ledger/chain/round.h"
#include "ledger/keystore.h"
#include "tests/ledger_market.h"
#include <check.h>
#include <signal.h>

#define SELLER 1000u
#define BUYER 2000u
#define LEASES 3
#define PRICE 1000000ULL

struct site {
	struct daemon d; struct lc c; struct fold f; struct keystore *keys; struct address seller, buyer;
	struct fact_lease lease[LEASES]; uint32_t nleases, usages, settled; struct usage_receipt last;
};
static struct site s;

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=1000", "--operator", "1000", NULL};

static void see_lease(const struct fact_lease *l)
{
	uint32_t i = 0;
	while (i < s.nleases && id_cmp(&s.lease[i].lease, &l->lease) != 0)
		i++;
	ck_assert_uint_lt(i, LEASES);
	s.lease[i] = *l;
	s.nleases += i == s.nleases;
}

static void see(void *arg, const struct fact *f)
{
	(void)arg;
	if (f->kind == FACT_LEASE)
		see_lease(&f->u.lease);
	if (f->kind != FACT_USAGE)
		return;
	s.usages++;
	s.settled += f->u.usage.settled;
	s.last = f->u.usage.receipt;
}

static void must(uint32_t uid, const struct tx *tx)
{
	enum verdict v = lc_do(&s.c, uid, tx);
	ck_assert_msg(v == V_OK, "%s", verdict_name(v));
}

static void site_open(const uint8_t op_pk[32])
{
	char keys[SCRATCH_LEN + 32], why[256];
	memset(&s, 0, sizeof s);
	daemon_init(&s.d, accounts);
	snprintf(keys, sizeof keys, "%s/ledger/keys", s.d.state);
	ck_assert_int_eq(sign_init(), 0);
	ck_assert_int_eq(keystore_open(keys, false, &s.keys, why), 0);
	daemon_start(&s.d);
	s.f.each = see;
	lc_open(&s.c, &s.d, &s.f);
	ck_assert(lc_address(&s.c, SELLER, &s.seller) && lc_address(&s.c, BUYER, &s.buyer));
	struct tx tx = market_node(LEASES, op_pk);
	must(SELLER, &tx);
	tx = market_ask(&s.seller, LEASES, PRICE);
	must(SELLER, &tx);
	tx = market_bid(LEASES, PRICE, 3600);
	must(BUYER, &tx);
	ck_assert_uint_eq(s.nleases, LEASES);
}

static void site_close(void)
{
	lc_close(&s.c);
	ck_assert_int_eq(daemon_stop(&s.d, SIGTERM), 0);
	const char *verify[] = {"zeus-ledger", "--verify", "--state", s.d.state, NULL};
	ck_assert_int_eq(daemon_run(verify), 0);
	keystore_close(s.keys);
	fold_free(&s.f);
	daemon_remove(&s.d);
}

/* The next receipt of a lease, with nothing used. */
static struct usage_receipt receipt_of(uint32_t i)
{
	const struct fact_lease *l = &s.lease[i];
	return (struct usage_receipt){
	    .seq = l->usage_seq + 1, .instance = l->lease, .t0_ms = l->born_ms, .t1_ms = l->born_ms + l->usage_seq, .prev = l->last_usage};
}

static enum verdict prepare(const struct usage_receipt *r, uint32_t n)
{
	static uint8_t bytes[WIRE_MAX];
	struct wbuf w = wbuf_on(bytes, sizeof bytes - WIRE_HEAD_LEN);
	wire_usages_put(&w, r, n);
	ck_assert(!w.bad);
	return (enum verdict)lc_wait(&s.c, lc_send(&s.c, WIRE_PREPARE_USAGE, bytes, w.len)).verdict;
}

START_TEST(one_tick_of_many)
{
	struct usage_receipt r[LEASES + 1];
	site_open(NULL);
	for (uint32_t i = 0; i < LEASES; i++)
		r[i] = receipt_of(i);
	ck_assert_int_eq(prepare(r, LEASES), V_OK);
	ck_assert_uint_eq(s.usages, LEASES); /* the facts came before the answer */
	ck_assert_int_eq(prepare(r, LEASES), V_USAGE_PENDING);
	struct tx tx = market_event(&s.lease[0].lease, "confirm");
	must(BUYER, &tx);
	ck_assert_uint_eq(s.settled, 1);
	r[0] = receipt_of(0); /* a good one beside bad ones: the answer is the first refusal, the good one counts */
	r[1] = receipt_of(1);
	r[2] = receipt_of(2);
	r[3] = r[0];
	r[3].instance.b[5] ^= 1;
	ck_assert_int_eq(prepare(r, LEASES + 1), V_NO_LEASE);
	ck_assert_int_eq(lc_sync(&s.c).verdict, V_OK);
	ck_assert_uint_eq(s.lease[0].usage_seq, 2);
	ck_assert_uint_eq(s.last.seq, 2);
	tx = market_event(&s.lease[0].lease, "confirm");
	must(BUYER, &tx);
	r[0] = receipt_of(0);
	r[0].prev.b[0] ^= 1;
	ck_assert_int_eq(prepare(r, 1), V_BAD_USAGE);
	r[0] = receipt_of(0);
	r[0].t1_ms += 3600000; /* from the future */
	ck_assert_int_eq(prepare(r, 1), V_BAD_USAGE);
	ck_assert_uint_ne(lc_send(&s.c, WIRE_PREPARE_USAGE, "\0\0\0\0", 4), 0); /* none is not a tick */
	ck_assert(lc_gone(&s.c));
	site_close();
}
END_TEST

START_TEST(anothers_node)
{
	struct keypair stranger;
	ck_assert_int_eq(sign_init(), 0);
	sign_keypair_new(&stranger);
	site_open(stranger.pk);
	struct usage_receipt r = receipt_of(0);
	ck_assert_int_eq(prepare(&r, 1), V_NOT_PARTY);
	ck_assert_uint_eq(s.usages, 0);
	site_close();
}
END_TEST

/* --- brought along --- */

enum spoil { GOOD, OTHER_KEY, OTHER_NODE, OTHER_TIME, OTHER_RECEIPT, OTHER_LEAF, OTHER_PATH, SHORT_PATH, SPOILS };

/* Receipt 0's transaction out of a tick of all leases, signed by hand. */
static struct tx tick_tx(const struct keypair *key, enum spoil how)
{
	struct tx tx = {.type = TX_USAGE, .scope = s.lease[0].lease};
	struct tx_usage *u = &tx.u.usage;
	struct id leaf[LEASES];
	for (uint32_t i = 0; i < LEASES; i++) {
		struct usage_receipt r = receipt_of(i);
		leaf[i] = admit_usage_leaf(&r);
	}
	*u = (struct tx_usage){.receipt = receipt_of(0), .leaves = LEASES};
	u->npath = (uint8_t)merkle_path(leaf, LEASES, 0, u->path);
	struct id root = merkle_root(leaf, LEASES), node = market_node_id(how == OTHER_NODE ? &s.buyer : &s.seller);
	struct id tick = admit_tick(&node, u->receipt.t1_ms + (how == OTHER_TIME), &root);
	sign_bytes(how == OTHER_KEY ? keystore_key(s.keys, BUYER) : key, tick.b, sizeof tick.b, u->tick_sig);
	u->receipt.meter[METER_CPU_US] += how == OTHER_RECEIPT;
	u->leaf = how == OTHER_LEAF;
	u->path[0].b[31] ^= how == OTHER_PATH;
	u->npath -= how == SHORT_PATH;
	return tx;
}

static enum verdict submit_tick(const struct keypair *key, enum spoil how, uint64_t nonce)
{
	uint8_t bytes[4096];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct tx tx = tick_tx(key, how);
	tx.chain_id = s.c.welcome.chain_id;
	tx.sender = s.seller;
	tx.nonce = nonce;
	tx.valid_until = s.f.height + 1000;
	sign_tx(key, &s.c.welcome.genesis, &tx, &w);
	ck_assert(!w.bad);
	return (enum verdict)lc_wait(&s.c, lc_submit(&s.c, (struct slice){bytes, w.len})).verdict;
}

static bool is_refused(enum verdict v)
{
	return v == V_BAD_SIGNATURE || v == V_MALFORMED; /* a body that cannot be is refused before */
}

START_TEST(brought_along)
{
	site_open(NULL);
	const struct keypair *node = keystore_key(s.keys, KEYSTORE_NODE);
	for (enum spoil how = OTHER_KEY; how < SPOILS; how++) {
		enum verdict v = submit_tick(node, how, 0);
		ck_assert_msg(is_refused(v), "%d: %s", (int)how, verdict_name(v));
		struct tx tx = tick_tx(node, how); /* nor does the ledger put its name to it */
		v = lc_do(&s.c, SELLER, &tx);
		ck_assert_msg(is_refused(v), "intent %d: %s", (int)how, verdict_name(v));
	}
	ck_assert_int_eq(submit_tick(keystore_key(s.keys, SELLER), GOOD, 0), V_BAD_SIGNATURE); /* not its owner's key: the node's */
	ck_assert_uint_eq(s.usages, 0);
	ck_assert_int_eq(submit_tick(node, GOOD, 0), V_OK);
	ck_assert_uint_eq(s.usages, 1);
	ck_assert_int_eq(submit_tick(node, GOOD, 0), V_BAD_NONCE);
	struct tx tx = tick_tx(node, GOOD);
	ck_assert_int_eq(lc_do(&s.c, SELLER, &tx), V_USAGE_PENDING); /* the tick holds; the books refuse */
	tx.scope.b[9] ^= 1;
	ck_assert_int_eq(lc_do(&s.c, SELLER, &tx), V_NO_LEASE);
	site_close();
}
END_TEST

/* Every leaf of trees of all shapes leads to the root, and no leaf by another's path or place. */
START_TEST(paths)
{
	struct keypair key;
	struct admit_node n = {.node = {{7}}};
	struct id leaf[17];
	ck_assert_int_eq(sign_init(), 0);
	sign_keypair_new(&key);
	memcpy(n.op_pk, key.pk, sizeof n.op_pk);
	for (uint32_t leaves = 1; leaves <= 17; leaves++) {
		for (uint32_t i = 0; i < leaves; i++) {
			struct usage_receipt r = {.seq = i + 1, .t1_ms = 5};
			leaf[i] = admit_usage_leaf(&r);
		}
		struct id root = merkle_root(leaf, leaves), tick = admit_tick(&n.node, 5, &root);
		struct tx_usage u = {.leaves = leaves};
		sign_bytes(&key, tick.b, sizeof tick.b, u.tick_sig);
		for (uint32_t i = 0; i < leaves; i++)
			for (uint32_t at = 0; at < leaves; at++) {
				u.receipt = (struct usage_receipt){.seq = i + 1, .t1_ms = 5};
				u.leaf = at;
				u.npath = (uint8_t)merkle_path(leaf, leaves, at, u.path);
				ck_assert_int_eq(admit_usage(&u, &n), at == i);
			}
	}
}
END_TEST

LEDGER_TEST_MAIN("ledger_usage", one_tick_of_many, anothers_node, brought_along, paths)
