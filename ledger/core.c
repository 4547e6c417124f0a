/* The running node: intents and envelopes in, blocks out, answers back.
 *
 * Knows: when a round is due, group commit, the order durable -> facts -> answers, the limits of admission.
 * Does not know: sockets and roles (server, session), the rules of the books (ledger/state), how the order is agreed (ledger/engine). */
#include "ledger/core.h"
#include "common/log.h"
#include "ledger/checks.h"
#include "ledger/crypto/hash.h"
#include "ledger/disk.h"
#include "ledger/engine/engine.h"
#include "ledger/mempool.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXIT_DAMAGED 78
#define EXIT_DISK 74
#define TRIES_MAX 16
#define VALID_BLOCKS 1000000
#define TIMER_LOOK_MS 60000
#define SIG_BYTES 97 /* nsig, one key, one signature */

struct settle {
	uint64_t seq, height;
	struct wire_answer answer;
	void (*done)(void *arg, const struct wire_answer *a);
	void *arg;
	struct settle *next;
};

struct core {
	struct loop *loop; struct archive *a; struct keystore *keys; struct mempool *pool; struct checks *checks; struct engine *engine;
	struct core_up up;
	struct loop_timer *form, *due;
	struct pending_tx *taken[BLOCK_TX_MAX]; size_t ntaken;
	struct settle *settles;
	struct disk disk;
	uint64_t last_form_ms;
	bool armed, stopped;
	int failed;
};

static uint64_t wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void core_fail(struct core *c, int code, const char *why)
{
	log_error("%s; nothing is written any more, the ledger stops", why);
	c->failed = code;
	c->stopped = true;
	loop_stop(c->loop);
}

/* A round is wanted: at once, or when BLOCK_MIN_MS have passed since the last. */
static void core_wake(struct core *c)
{
	if (c->armed || c->stopped)
		return;
	uint64_t since = loop_now_ms(c->loop) - c->last_form_ms;
	c->armed = true;
	loop_timer_set(c->form, since >= BLOCK_MIN_MS ? 0 : BLOCK_MIN_MS - since, 0);
}

static bool timer_due(const struct core *c, uint64_t time_ms)
{
	return state_next_timer_ms(c->a->state) <= time_ms;
}

static bool work_waits(const struct core *c)
{
	return chain_in_flight(c->a->chain) || state_work_waiting(c->a->state);
}

static void on_form(void *arg)
{
	struct core *c = arg;
	c->armed = false;
	if (c->stopped)
		return;
	c->engine->ops->wake(c->engine, wall_ms());
}

/* Sleep until the next timer of the books, looking at the wall clock again every minute since it may be set. */
static void arm_due(struct core *c)
{
	uint64_t next = state_next_timer_ms(c->a->state), now = wall_ms();
	if (next == UINT64_MAX) {
		loop_timer_pause(c->due);
		return;
	}
	uint64_t wait = next > now ? next - now : 0;
	loop_timer_set(c->due, wait < TIMER_LOOK_MS ? wait : TIMER_LOOK_MS, 0);
}

static void on_due(void *arg)
{
	struct core *c = arg;
	if (timer_due(c, wall_ms()) || work_waits(c) || mempool_ready(c->pool))
		core_wake(c);
	else
		arm_due(c);
}

/* --- forming --- */

/* A user's own key; but the node's for what the node says of a lease that it serves. */
static const struct keypair *signing_key(const struct core *c, uint32_t uid, const struct tx *tx)
{
	const struct keypair *node = keystore_key(c->keys, KEYSTORE_NODE);
	uint8_t pk[32];
	bool by_node = node && tx_type_instance(tx->type) && state_party_key(c->a->state, &tx->scope, &tx->sender, pk) &&
		memcmp(pk, node->pk, sizeof pk) == 0;
	return by_node ? node : keystore_key(c->keys, uid);
}

static void sign_entry(void *arg, struct mempool_entry *e)
{
	struct core *c = arg;
	const struct keypair *k = signing_key(c, e->uid, &e->p.tx);
	free(e->bytes);
	e->bytes = malloc(e->size);
	if (!e->bytes || !k)
		abort(); /* keys are never removed */
	struct wbuf w = wbuf_on(e->bytes, e->size);
	sign_tx(k, &c->a->genesis_id, &e->p.tx, &w);
	if (w.bad || w.len != e->size)
		abort(); /* the body was decoded once: it encodes to the same length */
	e->p.bytes = (struct slice){e->bytes, e->size};
	e->p.signed_len = e->size - SIG_BYTES;
	e->p.txid = hash_of("zeus/txid", e->bytes, e->p.signed_len);
}

static int core_propose(void *node, uint64_t time_ms, struct block **ret)
{
	struct core *c = node;
	if (disk_look(&c->disk, loop_now_ms(c->loop)) == DISK_FULL) {
		loop_timer_set(c->due, 1000, 0);
		return -EAGAIN;
	}
	c->ntaken = mempool_take(c->pool, c->taken, BLOCK_TX_MAX, c->a->state, sign_entry, c);
	if (!c->ntaken && !work_waits(c) && !timer_due(c, time_ms)) {
		arm_due(c);
		return -EAGAIN;
	}
	int rc = round_form(c->a->chain, time_ms, c->engine->ops->id, c->taken, c->ntaken, ret);
	if (rc < 0)
		core_fail(c, EXIT_DAMAGED, "the chains do not sum to the supply");
	return rc;
}

/* What is signed here has a signature that verifies: if it is refused, the account's keys are others by now. */
static enum verdict custodial_verdict(enum verdict v) { return v == V_BAD_SIGNATURE ? V_KEYS_CHANGED : v; }

/* In the block, refused, or to be tried again with another nonce. */
static void settle_entry(struct core *c, struct mempool_entry *e, uint64_t height)
{
	struct wire_answer a = {.verdict = (uint16_t)(e->custodial ? custodial_verdict(e->p.status) : e->p.status), .txid = e->p.txid};
	bool in = e->p.lane != 255;
	bool again = !in && (e->p.status == V_BUSY || e->p.status == V_MOVING || (e->custodial && e->p.status == V_BAD_NONCE));
	e->taken = false;
	if (again && ++e->tries < TRIES_MAX)
		return;
	if (in)
		a.height = height;
	void (*done)(void *arg, const struct wire_answer *answer) = e->done;
	void *arg = e->arg;
	mempool_remove(c->pool, e);
	done(arg, &a);
}

static void settle_waiters(struct core *c)
{
	uint64_t oldest = mempool_oldest(c->pool), height = chain_tip(c->a->chain).height;
	bool quiet = !work_waits(c);
	for (struct settle **at = &c->settles; *at;) {
		struct settle *s = *at;
		if (!s->height && s->seq <= oldest)
			s->height = height;
		bool ready = s->seq <= oldest && (quiet || height >= s->height + SETTLE_BLOCKS);
		if (!ready) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		s->done(s->arg, &s->answer);
		free(s);
	}
}

static int core_finalised(void *node, struct block *b)
{
	struct core *c = node;
	uint64_t height = block_tip(b).height;
	int rc = archive_commit(c->a, b, keystore_key(c->keys, KEYSTORE_NODE));
	block_free(b);
	if (rc < 0) {
		core_fail(c, EXIT_DISK, "a block could not be written");
		return rc;
	}
	c->last_form_ms = loop_now_ms(c->loop);
	c->up.block(c->up.arg, height);
	size_t n = c->ntaken;
	c->ntaken = 0;
	for (size_t i = 0; i < n; i++)
		settle_entry(c, (struct mempool_entry *)c->taken[i], height); /* p is its first member */
	settle_waiters(c);
	c->up.answered(c->up.arg);
	if (work_waits(c) || mempool_ready(c->pool))
		core_wake(c);
	arm_due(c);
	return 0;
}

/* --- admission --- */

static enum verdict core_open(struct core *c)
{
	if (c->stopped)
		return V_LEDGER_DOWN;
	return disk_check(&c->disk, loop_now_ms(c->loop)) == DISK_OK ? V_OK : V_DISK_FULL;
}

/* The fields that a custodial transaction does not bring along; the nonce is only a first guess, for the early check. */
static enum verdict intent_fill(struct core *c, uint32_t uid, uint32_t size, struct tx *tx)
{
	bool exists;
	uint8_t lane;
	uint64_t height = chain_tip(c->a->chain).height;
	if (!keystore_address(c->keys, uid, &tx->sender))
		return V_NO_ACCOUNT;
	tx->chain_id = c->a->genesis->chain_id;
	tx->valid_until = height + VALID_BLOCKS;
	tx->nsig = 1;
	memcpy(tx->sig[0].pk, signing_key(c, uid, tx)->pk, sizeof tx->sig[0].pk);
	if (id_is_zero(&tx->scope))
		tx->nonce = state_nonce(c->a->state, &tx->sender, &exists);
	else if (!state_party_nonce(c->a->state, &tx->scope, &tx->sender, &tx->nonce))
		return V_NOT_PARTY;
	tx->len = size;
	enum verdict v = custodial_verdict(state_admit(c->a->state, tx, height + 1, &lane));
	if (v == V_MOVING)
		return V_OK; /* by the time that it is tried the account has arrived */
	return v == V_OK && !state_work_left(c->a->state, tx, wall_ms()) ? V_NO_WORK : v;
}

/* Own the body, and let the entry's tx borrow from that. */
static bool entry_body(struct mempool_entry *e, const struct tx *tx)
{
	size_t cap = tx->type == TX_BATCH ? TX_BATCH_BODY_MAX : TX_BODY_MAX;
	e->body = malloc(cap);
	if (!e->body)
		abort();
	struct wbuf w = wbuf_on(e->body, cap);
	tx_body_put(&w, tx);
	uint8_t *fit = w.bad || !w.len ? NULL : realloc(e->body, w.len);
	if (!fit)
		return false;
	e->body = fit;
	e->size = TX_HEAD_LEN + w.len + SIG_BYTES;
	e->p.tx = *tx;
	return tx_body_get(tx->type, (struct slice){e->body, w.len}, &e->p.tx) == V_OK;
}

static enum verdict entry_drop(struct mempool_entry *e, enum verdict v)
{
	free(e->bytes);
	free(e->body);
	free(e);
	return v;
}

static enum verdict entry_queue(struct core *c, struct mempool_entry *e)
{
	enum verdict v = mempool_add(c->pool, e);
	return v == V_OK ? V_OK : entry_drop(e, v);
}

enum verdict core_intent(
    struct core *c, uint32_t uid, const struct tx *given, void (*done)(void *arg, const struct wire_answer *a), void *arg)
{
	const struct keypair *k = keystore_key(c->keys, uid);
	enum verdict v = core_open(c);
	if (v == V_OK && (!k || uid == KEYSTORE_NODE))
		v = V_NO_ACCOUNT;
	if (v != V_OK)
		return v;
	struct mempool_entry *e = mempool_entry_new();
	if (!entry_body(e, given))
		return entry_drop(e, V_MALFORMED);
	v = intent_fill(c, uid, (uint32_t)e->size, &e->p.tx);
	if (v != V_OK)
		return entry_drop(e, v);
	e->custodial = e->checked = true;
	e->uid = uid;
	e->done = done;
	e->arg = arg;
	v = entry_queue(c, e);
	if (v == V_OK)
		core_wake(c);
	return v;
}

static void check_done(void *arg, struct mempool_entry *e, const struct id *envelope, bool ok)
{
	struct core *c = arg;
	if (ok) {
		e->checked = true;
		mempool_remember(c->pool, envelope);
		core_wake(c);
		return;
	}
	struct wire_answer a = {.verdict = V_BAD_SIGNATURE, .txid = e->p.txid};
	void (*done)(void *arg2, const struct wire_answer *answer) = e->done;
	void *done_arg = e->arg;
	mempool_remove(c->pool, e);
	done(done_arg, &a);
	settle_waiters(c);
	c->up.answered(c->up.arg);
}

/* Who must have signed the measurement: asked now, since the books may move while a worker checks. */
static bool check_node(const struct core *c, const struct tx *tx, struct admit_node *out)
{
	return tx->type != TX_USAGE || state_instance_node(c->a->state, &tx->scope, &out->node, out->op_pk);
}

static enum verdict submit_check(struct core *c, struct mempool_entry *e)
{
	struct admit_node node = {.node = {{0}}};
	struct id envelope = hash_of("zeus/seen", e->p.bytes.p, e->p.bytes.len);
	e->checked = e->p.tx.type != TX_USAGE && mempool_seen(c->pool, &envelope);
	enum verdict v = check_node(c, &e->p.tx, &node) ? entry_queue(c, e) : entry_drop(e, V_NO_LEASE);
	if (v != V_OK)
		return v;
	if (e->checked)
		core_wake(c);
	else
		checks_add(c->checks, e, &envelope, &node);
	return V_OK;
}

/* The cheap reasons to refuse, before any signature is looked at. The nonce must be the next one behind what is queued already. */
static enum verdict submit_early(const struct core *c, const struct tx *tx)
{
	struct tx probe = *tx;
	uint8_t lane;
	size_t queued = mempool_queued(c->pool, tx);
	if (tx->nonce < queued)
		return V_BAD_NONCE;
	probe.nonce -= queued;
	enum verdict v = state_admit(c->a->state, &probe, chain_tip(c->a->chain).height + 1, &lane);
	if (v == V_MOVING)
		return V_OK;
	return v == V_OK && !state_work_left(c->a->state, tx, wall_ms()) ? V_NO_WORK : v;
}

enum verdict core_submit(struct core *c, struct slice envelope, void (*done)(void *arg, const struct wire_answer *a), void *arg)
{
	enum verdict v = core_open(c);
	if (v != V_OK)
		return v;
	struct mempool_entry *e = mempool_entry_new();
	e->size = envelope.len;
	e->bytes = malloc(envelope.len + 1);
	if (!e->bytes)
		abort();
	memcpy(e->bytes, envelope.p, envelope.len);
	e->p.bytes = (struct slice){e->bytes, envelope.len};
	v = tx_get(e->p.bytes, &e->p.tx, &e->p.signed_len);
	if (v == V_OK)
		v = submit_early(c, &e->p.tx);
	if (v != V_OK)
		return entry_drop(e, v);
	e->p.txid = hash_of("zeus/txid", e->bytes, e->p.signed_len);
	e->done = done;
	e->arg = arg;
	return submit_check(c, e);
}

void core_settled(struct core *c, const struct wire_answer *answer, void (*done)(void *arg, const struct wire_answer *a), void *arg)
{
	struct settle *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	*s = (struct settle){.seq = mempool_seq(c->pool), .answer = *answer, .done = done, .arg = arg, .next = c->settles};
	c->settles = s;
	if (mempool_count(c->pool) || work_waits(c)) {
		core_wake(c);
		return;
	}
	settle_waiters(c);
	c->up.answered(c->up.arg);
}

/* --- life --- */

int core_new(struct loop *l, struct archive *a, struct keystore *k, const char *state_dir, const struct core_up *up, struct core **ret)
{
	struct core *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	*c = (struct core){.loop = l, .a = a, .keys = k, .pool = mempool_new(), .up = *up};
	disk_init(&c->disk, state_dir);
	disk_check(&c->disk, loop_now_ms(l));
	struct engine_up eup = {.propose = core_propose, .finalised = core_finalised, .node = c};
	struct tip tip = chain_tip(a->chain);
	int rc = engine_solo_new(&eup, &c->engine);
	rc = rc ? rc : c->engine->ops->start(c->engine, &tip);
	rc = rc ? rc : checks_new(l, &a->genesis_id, &(struct checks_up){check_done, c}, &c->checks);
	rc = rc ? rc : loop_timer(l, TIMER_LOOK_MS, 0, on_form, c, &c->form);
	rc = rc ? rc : loop_timer(l, TIMER_LOOK_MS, 0, on_due, c, &c->due);
	if (rc < 0)
		core_free(c);
	else
		*ret = c;
	return rc;
}

void core_start(struct core *c)
{
	if (work_waits(c) || timer_due(c, wall_ms()))
		core_wake(c);
	arm_due(c);
}

void core_free(struct core *c)
{
	if (!c)
		return;
	engine_free(c->engine);
	checks_free(c->checks);
	mempool_free(c->pool);
	for (struct settle *s = c->settles, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	free(c);
}

int core_failed(const struct core *c)
{
	return c->failed;
}

const struct archive *core_archive(const struct core *c)
{
	return c->a;
}

struct tip core_tip(const struct core *c)
{
	return chain_tip(c->a->chain);
}

bool core_work_units(const struct core *c, const struct address *a, struct work_units *out)
{
	return state_work_units(c->a->state, a, wall_ms(), out);
}
