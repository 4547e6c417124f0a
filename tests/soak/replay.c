/* replay: every message that was accepted comes again in ten ways, and none acts twice.
 *
 * usage: replay [MESSAGES]. Goes the way of a submitted envelope: decoding, signatures, the round. What everybody has is kept in a table of
 * this program's own and compared with the records after every round. Does not ask how a refusal is worded. */
#include "ledger/admit.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/hash.h"
#include "tests/sim/disk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE 64
#define EACH 16               /* messages of a person in a round */
#define ROUND (PEOPLE * EACH)
#define START 100000

enum way { AS_IS, SCOPE, CHAIN, TYPE, GENESIS, LATER, MALLEABLE, TRAILING, RESTARTED, REORDERED, IN_A_BATCH, WAYS };
static const char *const word[WAYS] = {"as it is", "for another lane", "for another chain", "as another type", "in another network",
    "at a later height", "signed malleably (S + L)", "with trailing bytes", "after a restart", "reordered, beside new ones", "in a batch"};
enum end { NO_MESSAGE, BAD_SIGNATURE, REFUSED, FAILED, ACCEPTED, ENDS };

struct message { uint8_t *p; size_t len; int from; };
struct world {
	struct genesis g; struct id genesis, other; struct keypair key[PEOPLE]; struct address who[PEOPLE];
	uint64_t nonce[PEOPLE], balance[PEOPLE], staked[PEOPLE], time_ms, serial, accepted, count[WAYS][ENDS];
	struct disk *disk; struct slice head; struct state *s; struct chain *c; bool failed;
};

#define MUST(w, holds, ...) do { if (!(holds)) { fprintf(stderr, "replay: " __VA_ARGS__); fputc('\n', stderr); \
	(w)->failed = true; } } while (0)

/* --- a node --- */

static void to_disk(void *arg, struct slice key, struct slice value) { disk_set(arg, key, value); }

static void commit(struct world *w, struct block *b)
{
	chain_changes(w->c, to_disk, w->disk);
	slice_drop(&w->head);
	w->head = slice_copy(block_headers(b));
	block_free(b);
}

static void begin(struct world *w)
{
	struct block *b;
	genesis_local(&w->g);
	for (int i = 0; i < PEOPLE; i++) {
		uint8_t seed[32] = {(uint8_t)i, 1}, x[32] = {(uint8_t)i, 2};
		sign_keypair_of(seed, x, &w->key[i]);
		struct auth a = sign_auth_single(w->key[i].pk);
		w->who[i] = sign_address(&a);
		w->balance[i] = START;
		*genesis_account_add(&w->g) = (struct genesis_account){.auth = a, .amount = money_of(START)};
	}
	w->genesis = genesis_hash(&w->g);
	w->g.time_ms++;
	w->other = genesis_hash(&w->g);
	w->g.time_ms--;
	w->time_ms = w->g.time_ms;
	w->disk = disk_new();
	MUST(w, state_new(&w->g, &w->s) == V_OK, "the books do not begin");
	w->c = chain_new(w->s, &w->g);
	MUST(w, round_genesis(w->c, &b) == 0, "the chain does not begin");
	commit(w, b);
}

static void load_one(void *arg, const struct rec *r)
{
	struct world *w = arg;
	struct slice key = {r->key, r->klen};
	MUST(w, state_load(w->s, key, r->value) && chain_load_record(w->c, key, r->value), "a record cannot be loaded");
}

static void restart(struct world *w)
{
	char why[256] = "";
	chain_free(w->c);
	state_free(w->s);
	MUST(w, state_new(&w->g, &w->s) == V_OK, "the books do not begin");
	state_load_begin(w->s);
	w->c = chain_new(w->s, &w->g);
	MUST(w, chain_load_head(w->c, w->head, why), "%s", why);
	disk_walk(w->disk, load_one, w);
	struct tip tip = chain_tip(w->c);
	MUST(w, state_load_end(w->s, tip.height, tip.time_ms) && chain_load_end(w->c, why), "loaded books do not agree: %s", why);
}

/* --- messages --- */

static struct message message_of(struct world *w, int from, struct tx *tx)
{
	static uint8_t buf[4096];
	struct wbuf b = wbuf_on(buf, sizeof buf);
	tx->chain_id = w->g.chain_id;
	tx->sender = w->who[from];
	tx->nonce = w->nonce[from]++;
	tx->valid_until = chain_tip(w->c).height + 1000;
	sign_tx(&w->key[from], &w->genesis, tx, &b);
	struct message m = {malloc(b.len + 1), b.len, from}; /* one more, for what trails */
	MUST(w, m.p && !b.bad, "a message cannot be made");
	memcpy(m.p, buf, b.len);
	return m;
}

/* Everybody gets as much as he gives; one in eight stakes. */
static struct message message_new(struct world *w, int from)
{
	struct tx tx = {.type = ++w->serial % 8 ? TX_TRANSFER : TX_STAKE};
	int to = (int)((unsigned)from + 1 + w->serial / ROUND % (PEOPLE - 1)) % PEOPLE;
	memcpy(tx.u.transfer.cid.b, &w->serial, sizeof w->serial);
	w->balance[from]--;
	if (tx.type == TX_STAKE) {
		tx.u.stake.amount = money_of(1);
		w->staked[from]++;
	} else {
		tx.u.transfer.to = w->who[to];
		tx.u.transfer.amount = money_of(1);
		w->balance[to]++;
	}
	return message_of(w, from, &tx);
}

/* What the owner himself sends again, under a new number: the same command inside a batch. */
static struct message message_in_batch(struct world *w, const struct message *m)
{
	static uint8_t ops[4096];
	struct wbuf b = wbuf_on(ops, sizeof ops);
	struct tx tx = {.type = TX_BATCH};
	uint32_t len;
	memcpy(&len, m->p + 88, sizeof len);
	put_u8(&b, m->p[1]);
	put_blob(&b, m->p + TX_HEAD_LEN, len);
	tx.u.batch.n = 1;
	tx.u.batch.ops = (struct slice){ops, b.len};
	return message_of(w, m->from, &tx);
}

/* S + L in place of S, little-endian; the order of the group of Ed25519. */
static void sig_malleate(uint8_t s[32])
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	    [31] = 0x10};
	unsigned carry = 0;
	for (int i = 0; i < 32; i++) {
		carry += s[i] + (unsigned)order[i];
		s[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

static struct slice spoil(struct world *w, const struct message *m, enum way way, uint8_t *copy)
{
	struct slice out = {copy, m->len};
	memcpy(copy, m->p, m->len);
	switch (way) {
	case SCOPE: copy[40] = (uint8_t)(1 + w->serial % LANES); break;
	case CHAIN: copy[4] ^= 1; break;
	case TYPE: copy[1] = copy[1] == TX_STAKE ? TX_UNSTAKE : (uint8_t)(TX_TRANSFER + 1 + w->serial % 10); break;
	case LATER: copy[80]++; break;
	case MALLEABLE: sig_malleate(copy + m->len - 32); break;
	case TRAILING: copy[out.len++] = 0; break;
	case AS_IS: case GENESIS: case RESTARTED: case REORDERED: case IN_A_BATCH: case WAYS: break;
	}
	return out;
}

/* --- offering --- */

struct offer { struct pending_tx *tx, **list; enum way *way; size_t n; };
#define NEW WAYS /* a message that is to be accepted */

static void offer_add(struct world *w, struct offer *o, struct slice bytes, enum way way)
{
	struct pending_tx *t = &o->tx[o->n];
	uint64_t *count = w->count[way == NEW ? AS_IS : way];
	memset(t, 0, sizeof *t);
	t->bytes = bytes;
	enum verdict v = tx_get(bytes, &t->tx, &t->signed_len);
	bool good = v == V_OK && admit_signatures(way == GENESIS ? &w->other : &w->genesis, &t->tx, (struct slice){bytes.p, t->signed_len});
	MUST(w, good || way != NEW, "a new message is refused");
	if (!good) {
		count[v == V_OK ? BAD_SIGNATURE : NO_MESSAGE]++;
		return;
	}
	t->txid = hash_of("zeus/txid", bytes.p, t->signed_len);
	o->way[o->n] = way;
	o->list[o->n++] = t;
}

static void holdings_must_be(struct world *w)
{
	for (int i = 0; i < PEOPLE && !chain_in_flight(w->c); i++) {
		struct rec *home = disk_get(w->disk, 0, REC_HOME, &w->who[i], 32);
		struct rec *r = disk_get(w->disk, home->u->home.lane, REC_ACCOUNT, &w->who[i], 32);
		const struct at_account *a = &r->u->account;
		MUST(w, a->balance == w->balance[i] && money_base(a->stake.staked) == w->staked[i] && a->nonce == w->nonce[i],
		    "%d has %llu, %llu, %llu, not %llu, %llu, %llu", i, (unsigned long long)a->balance,
		    (unsigned long long)money_base(a->stake.staked), (unsigned long long)a->nonce, (unsigned long long)w->balance[i],
		    (unsigned long long)w->staked[i], (unsigned long long)w->nonce[i]);
	}
}

static void round_of(struct world *w, struct offer *o)
{
	struct block *b;
	MUST(w, round_form(w->c, w->time_ms += 5, 0, o->list, o->n, &b) == 0, "a block does not sum up");
	for (size_t i = 0; i < o->n; i++) {
		bool in = o->tx[i].lane != 255, acts = in && o->tx[i].status == V_OK;
		MUST(w, o->way[i] != NEW || acts, "a new message is refused: %s", verdict_name(o->tx[i].status));
		MUST(w, o->way[i] == NEW || !acts, "accepted again %s", word[o->way[i]]);
		w->accepted += o->way[i] == NEW;
		if (o->way[i] != NEW)
			w->count[o->way[i]][acts ? ACCEPTED : in ? FAILED : REFUSED]++;
	}
	commit(w, b);
	o->n = 0;
}

static void settle(struct world *w, struct offer *o)
{
	o->n = 0;
	while (chain_in_flight(w->c))
		round_of(w, o);
	holdings_must_be(w);
}

static void again(struct world *w, struct offer *o, const struct message *old, size_t n, enum way way, uint8_t *copies)
{
	for (size_t i = 0; i < n; i++, copies += old[i - 1].len + 1)
		offer_add(w, o, spoil(w, &old[i], way, copies), way);
	round_of(w, o);
}

static void again_in_batches(struct world *w, struct offer *o, const struct message *old, size_t n)
{
	struct message *batch = malloc(n * sizeof *batch);
	size_t made = 0;
	for (size_t i = 0; batch && i < n; i++) {
		if (old[i].p[1] != TX_TRANSFER)
			continue;
		batch[made] = message_in_batch(w, &old[i]);
		offer_add(w, o, (struct slice){batch[made].p, batch[made].len}, IN_A_BATCH);
		made++;
	}
	round_of(w, o);
	while (made)
		free(batch[--made].p);
	free(batch);
}

/* New ones, and those of the round before them in between, from the last to the first. */
static void new_ones(struct world *w, struct offer *o, const struct message *old, size_t nold, struct message *fresh)
{
	for (size_t i = 0; i < ROUND; i++) {
		fresh[i] = message_new(w, (int)(i % PEOPLE));
		if (i < nold)
			offer_add(w, o, (struct slice){old[nold - 1 - i].p, old[nold - 1 - i].len}, REORDERED);
		offer_add(w, o, (struct slice){fresh[i].p, fresh[i].len}, NEW);
	}
	round_of(w, o);
	settle(w, o);
}

static void one_round(struct world *w, struct offer *o, struct message *old, size_t *nold, uint8_t *copies)
{
	struct message *fresh = malloc(ROUND * sizeof *fresh);
	if (!fresh)
		abort();
	new_ones(w, o, old, *nold, fresh);
	for (size_t i = 0; i < *nold; i++)
		free(old[i].p);
	memcpy(old, fresh, ROUND * sizeof *old);
	*nold = ROUND;
	free(fresh);
	for (enum way way = AS_IS; way < RESTARTED; way++)
		again(w, o, old, ROUND, way, copies);
	restart(w);
	again(w, o, old, ROUND, RESTARTED, copies);
	again_in_batches(w, o, old, ROUND);
	settle(w, o);
}

static void print_all(const struct world *w)
{
	printf("%llu messages were accepted; again:\n", (unsigned long long)w->accepted);
	for (enum way way = AS_IS; way < WAYS; way++)
		printf("%-28s no message %llu, bad signature %llu, refused %llu, without effect %llu, accepted %llu\n", word[way],
		    (unsigned long long)w->count[way][NO_MESSAGE], (unsigned long long)w->count[way][BAD_SIGNATURE],
		    (unsigned long long)w->count[way][REFUSED], (unsigned long long)w->count[way][FAILED],
		    (unsigned long long)w->count[way][ACCEPTED]);
}

int main(int argc, char **argv)
{
	uint64_t messages = argc > 1 ? strtoull(argv[1], NULL, 10) : 2048;
	static struct world w;
	struct offer o = {calloc(2 * ROUND, sizeof *o.tx), calloc(2 * ROUND, sizeof *o.list), calloc(2 * ROUND, sizeof *o.way), 0};
	struct message *old = calloc(ROUND, sizeof *old);
	uint8_t *copies = malloc(ROUND * (size_t)1024);
	size_t nold = 0;
	if (sign_init() != 0 || !messages || !o.tx || !o.list || !o.way || !old || !copies)
		return 2;
	begin(&w);
	while (w.accepted < messages + ROUND && !w.failed) /* the last round comes again less often */
		one_round(&w, &o, old, &nold, copies);
	print_all(&w);
	for (size_t i = 0; i < nold; i++)
		free(old[i].p);
	free(old);
	free(copies);
	free(o.tx);
	free(o.list);
	free(o.way);
	chain_free(w.c);
	state_free(w.s);
	disk_free(w.disk);
	slice_drop(&w.head);
	genesis_free(&w.g);
	return w.failed;
}
