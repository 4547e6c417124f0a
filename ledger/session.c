/* What each message of the ledger's socket asks for, and who may ask it.
 *
 * Knows: roles, which message leads to which call of the core, how answers find their way back to a client that may be gone.
 * Does not know: queues and descriptors (server.c), admission and blocks (core.c). */
#include "ledger/admit.h"
#include "ledger/sealed.h"
#include "ledger/server.h"
#include <stdlib.h>
#include <string.h>

/* An answer on its way: the client is named, not pointed to. */
struct ticket { struct server *s; uint64_t client, req; struct gather *gather; uint32_t uid; };
/* Several transactions under one request: answered once, with the first refusal. */
struct gather { size_t left; bool refused; struct wire_answer answer; };

static void answer(struct client *c, uint64_t req, const struct wire_answer *a, uint64_t after)
{
	uint8_t bytes[64];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	wire_answer_put(&w, a);
	client_send(c, WIRE_ANSWER, req, bytes, w.len, after);
}

static void refuse(struct client *c, uint64_t req, enum verdict v)
{
	struct wire_answer a = {.verdict = (uint16_t)v};
	answer(c, req, &a, 0);
}

static struct ticket *ticket_new(struct server *s, struct client *c, uint64_t req)
{
	struct ticket *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	*t = (struct ticket){.s = s, .client = client_id(c), .req = req};
	return t;
}

/* Answer the client if it is still there, and forget the ticket. */
static void ticket_end(struct ticket *t, const struct wire_answer *a, uint64_t after)
{
	struct client *c = server_client(t->s, t->client);
	if (c) {
		client_end(c);
		answer(c, t->req, a, after);
	}
	free(t);
}

static void on_answer(void *arg, const struct wire_answer *a)
{
	ticket_end(arg, a, a->height ? a->height + 1 : 0);
}

/* Effects on other lanes have arrived too: everything up to the head may be read before the answer is. */
static void on_settled(void *arg, const struct wire_answer *a)
{
	struct ticket *t = arg;
	ticket_end(t, a, core_tip(server_core(t->s)).height + 1);
}

static bool may(const struct client *c, unsigned roles)
{
	return client_roles(c) & roles;
}

/* Room for one more request, or the refusal is sent. */
static struct ticket *begin(struct server *s, struct client *c, uint64_t req)
{
	if (client_begin(c))
		return ticket_new(s, c, req);
	refuse(c, req, V_BUSY);
	return NULL;
}

static void queued(struct ticket *t, enum verdict v)
{
	struct wire_answer a = {.verdict = (uint16_t)v};
	if (v != V_OK)
		ticket_end(t, &a, 0);
}

/* --- greeting --- */

struct uid_list { struct wire_uid *uid; uint32_t n; };

static void add_uid(void *arg, uint32_t uid, const struct address *a)
{
	struct uid_list *l = arg;
	l->uid[l->n++] = (struct wire_uid){.uid = uid, .address = *a};
}

void session_uids(struct server *s, struct client *c)
{
	uint8_t bytes[4 + KEYRING_MAX * 36];
	_Static_assert(sizeof bytes + WIRE_HEAD_LEN <= WIRE_MAX, "every custodial account fits in one message");
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct uid_list list = {calloc(KEYRING_MAX, sizeof *list.uid), 0};
	if (!list.uid)
		abort();
	keystore_each(server_keys(s), add_uid, &list);
	wire_uids_put(&w, list.uid, list.n);
	free(list.uid);
	client_send(c, WIRE_UIDS, 0, bytes, w.len, 0);
}

static bool on_hello(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_hello m;
	uint8_t bytes[256];
	const struct archive *a = core_archive(server_core(s));
	struct wire_welcome welcome = {
	    .genesis = a->genesis_id, .chain_id = a->genesis->chain_id, .height = chain_tip(a->chain).height, .engine = "solo"};
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	if (!wire_hello_get(body, &m))
		return false;
	keystore_address(server_keys(s), a->operator_uid, &welcome.node_op);
	wire_welcome_put(&w, &welcome);
	client_send(c, WIRE_WELCOME, h->req, bytes, w.len, 0);
	if (!may(c, ROLE_VIEWS | ROLE_PLAN))
		return true;
	session_uids(s, c);
	m.history = m.history && may(c, ROLE_VIEWS);
	client_stream(c, &m);
	return true;
}

/* --- transactions --- */

static bool plan_act(const struct tx *tx)
{
	return tx->type == TX_NODE_REG || tx->type == TX_READY || tx->type == TX_USAGE ||
		(tx->type == TX_EVENT && (strcmp(tx->u.event.event, "quit") == 0 || strcmp(tx->u.event.event, "resized") == 0 ||
					  strcmp(tx->u.event.event, "refuse") == 0));
}

/* Views act for the users that the machine lets trade; plan for the operator, and only about the node and its leases. Nobody changes who
 * signs for an account whose key is kept here: whoever took over views for a moment would keep the account for good. */
static bool may_intend(const struct server *s, const struct client *c, uint32_t uid, const struct tx *tx)
{
	if (tx->type == TX_SET_AUTH)
		return false;
	if (may(c, ROLE_VIEWS) && conf_uid_may_trade(server_conf(s), uid))
		return true;
	return may(c, ROLE_PLAN) && uid == core_archive(server_core(s))->operator_uid && plan_act(tx);
}

/* A custodial envelope needs no check, since it is signed here; the measurement inside is signed before and somewhere else. */
static enum verdict usage_signed(const struct server *s, const struct tx *tx)
{
	struct admit_node n;
	if (!state_instance_node(core_archive(server_core(s))->state, &tx->scope, &n.node, n.op_pk))
		return V_NO_LEASE;
	return admit_usage(&tx->u.usage, &n) ? V_OK : V_BAD_SIGNATURE;
}

static enum verdict intent_read(const struct server *s, const struct client *c, const struct wire_intent *m, struct tx *tx)
{
	enum verdict v = tx_body_get(m->type, m->body, tx);
	if (v != V_OK)
		return v;
	if (!may_intend(s, c, m->uid, tx))
		return V_NOT_ALLOWED;
	tx->scope = m->scope;
	return tx->type == TX_USAGE ? usage_signed(s, tx) : V_OK;
}

static void fill_node_key(const struct keystore *k, struct tx *tx)
{
	static const uint8_t none[32];
	if (tx->type == TX_NODE_REG && memcmp(tx->u.node_reg.op_pk, none, sizeof none) == 0)
		memcpy(tx->u.node_reg.op_pk, keystore_key(k, KEYSTORE_NODE)->pk, sizeof none);
}

static void intend(struct server *s, struct client *c, uint64_t req, const struct wire_intent *m)
{
	struct ticket *t = begin(s, c, req);
	struct tx *tx = t ? calloc(1, sizeof *tx) : NULL;
	uint8_t room[DEPLOY_MAX];
	if (!tx)
		return;
	enum verdict v = intent_read(s, c, m, tx);
	if (v == V_OK)
		v = sealed_close(core_archive(server_core(s)), tx, room);
	if (v == V_OK) {
		fill_node_key(server_keys(s), tx);
		v = core_intent(server_core(s), m->uid, tx, on_answer, t);
	}
	free(tx);
	queued(t, v);
}

static bool on_intent(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_intent m;
	if (!wire_intent_get(body, &m))
		return false;
	intend(s, c, h->req, &m);
	return true;
}

static bool on_submit(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct rbuf r = rbuf_on(body.p, body.len);
	struct slice envelope = get_blob(&r, WIRE_MAX);
	if (!rbuf_end(&r))
		return false;
	struct ticket *t = begin(s, c, h->req);
	if (t)
		queued(t, core_submit(server_core(s), envelope, on_answer, t));
	return true;
}

static bool on_sync(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_answer a = {.verdict = V_OK};
	if (body.len)
		return false;
	struct ticket *t = begin(s, c, h->req);
	if (t)
		core_settled(server_core(s), &a, on_settled, t);
	return true;
}

static bool frames_take(struct frames *f, const struct wire_batch *m, uint64_t req)
{
	if (m->seq == 0) {
		f->len = 0;
		f->next = 0;
		f->req = req;
		f->uid = m->uid;
	}
	if (f->req != req || f->uid != m->uid || f->next != m->seq || m->ops.len > TX_BATCH_BODY_MAX - f->len)
		return false;
	f->p = realloc(f->p, f->len + m->ops.len + 1);
	if (!f->p)
		abort();
	if (m->ops.len)
		memcpy(f->p + f->len, m->ops.p, m->ops.len);
	f->len += m->ops.len;
	f->next++;
	return true;
}

static bool on_batch(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_batch m;
	struct frames *f = client_frames(c);
	if (!wire_batch_get(body, &m) || !frames_take(f, &m, h->req))
		return false;
	if (!m.last)
		return true;
	struct wire_intent whole = {.uid = f->uid, .type = TX_BATCH, .body = {f->p, f->len}};
	intend(s, c, h->req, &whole);
	free(f->p);
	*f = (struct frames){.req = 0};
	return true;
}

/* --- opening a custodial account --- */

static void on_opened(void *arg, const struct wire_answer *a)
{
	struct ticket *t = arg;
	if (a->verdict != V_OK) {
		ticket_end(t, a, a->height ? a->height + 1 : 0);
		return;
	}
	server_uids(t->s);
	core_settled(server_core(t->s), a, on_settled, t); /* the account is there when the receipts have arrived */
}

static enum verdict open_account(struct server *s, const struct wire_open_uid *m, struct ticket *t)
{
	struct keystore *k = server_keys(s);
	struct address who;
	bool exists = false;
	if (!conf_uid_may_trade(server_conf(s), m->by_uid) || !conf_uid_may_trade(server_conf(s), m->uid))
		return V_NOT_ALLOWED;
	if (!keystore_key(k, m->by_uid) || m->uid == KEYSTORE_NODE)
		return V_NO_ACCOUNT;
	if (keystore_address(k, m->uid, &who))
		state_nonce(core_archive(server_core(s))->state, &who, &exists);
	else if (keystore_make(k, m->uid) < 0)
		return V_FULL;
	if (exists)
		return V_NAME_TAKEN;
	const struct keypair *pair = keystore_key(k, m->uid);
	struct tx *tx = calloc(1, sizeof *tx);
	if (!tx)
		abort();
	tx->type = TX_OPEN;
	tx->u.open.auth = sign_auth_single(pair->pk);
	tx->u.open.amount = m->amount;
	memcpy(tx->u.open.x25519, pair->x_pk, sizeof pair->x_pk);
	sign_random(tx->u.open.cid.b, sizeof tx->u.open.cid.b);
	enum verdict v = core_intent(server_core(s), m->by_uid, tx, on_opened, t);
	free(tx);
	return v;
}

static bool on_open_uid(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_open_uid m;
	if (!wire_open_uid_get(body, &m))
		return false;
	struct ticket *t = begin(s, c, h->req);
	if (t)
		queued(t, open_account(s, &m, t));
	return true;
}

/* --- usage --- */

static void gather_add(struct ticket *t, const struct wire_answer *a)
{
	struct gather *g = t->gather;
	if (!g->refused)
		g->answer = *a;
	g->refused = g->refused || a->verdict != V_OK;
	if (--g->left)
		return;
	ticket_end(t, &g->answer, g->answer.height ? g->answer.height + 1 : 0);
	free(g);
}

static void on_gathered(void *arg, const struct wire_answer *a)
{
	gather_add(arg, a);
}

/* The tick signature of this receipt: over its node, its end and the tree of all. */
static enum verdict usage_sign(struct server *s, struct tx_usage *u, const struct id *root)
{
	struct admit_node n;
	const struct keypair *k = keystore_key(server_keys(s), KEYSTORE_NODE);
	if (!state_instance_node(core_archive(server_core(s))->state, &u->receipt.instance, &n.node, n.op_pk))
		return V_NO_LEASE;
	if (memcmp(n.op_pk, k->pk, sizeof n.op_pk) != 0)
		return V_NOT_PARTY;
	struct id tick = admit_tick(&n.node, u->receipt.t1_ms, root);
	sign_bytes(k, tick.b, sizeof tick.b, u->tick_sig);
	return V_OK;
}

static void usage_submit(struct server *s, struct ticket *t, const struct usage_receipt *r, const struct id *leaf, uint32_t n)
{
	uint32_t operator_uid = core_archive(server_core(s))->operator_uid;
	struct id root = merkle_root(leaf, n);
	struct tx *tx = calloc(1, sizeof *tx);
	if (!tx)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		struct tx_usage *u = &tx->u.usage;
		*tx = (struct tx){.type = TX_USAGE, .scope = r[i].instance};
		*u = (struct tx_usage){.receipt = r[i], .leaf = i, .leaves = n};
		u->npath = (uint8_t)merkle_path(leaf, n, i, u->path);
		enum verdict v = usage_sign(s, u, &root);
		v = v ? v : core_intent(server_core(s), operator_uid, tx, on_gathered, t);
		struct wire_answer a = {.verdict = (uint16_t)v};
		if (v != V_OK)
			gather_add(t, &a);
	}
	free(tx);
}

#define USAGES_MAX ((WIRE_MAX - WIRE_HEAD_LEN - 4) / USAGE_RECEIPT_LEN)

static bool on_usage(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	uint32_t n = 0;
	struct usage_receipt *r = calloc(USAGES_MAX, sizeof *r);
	if (!r)
		abort();
	if (!wire_usages_get(body, r, USAGES_MAX, &n) || n == 0) {
		free(r);
		return false;
	}
	struct ticket *t = begin(s, c, h->req);
	struct id *leaf = calloc(n, sizeof *leaf);
	struct gather *g = calloc(1, sizeof *g);
	if (!leaf || !g)
		abort();
	for (uint32_t i = 0; i < n; i++)
		leaf[i] = admit_usage_leaf(&r[i]);
	g->left = n;
	if (t) {
		t->gather = g;
		usage_submit(s, t, r, leaf, n);
	} else {
		free(g);
	}
	free(leaf);
	free(r);
	return true;
}

/* --- the past --- */

static bool on_at(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_at m;
	struct archive_past *p;
	if (!wire_at_get(body, &m))
		return false;
	if (archive_past_begin(core_archive(server_core(s)), m.height, &p) < 0) {
		refuse(c, h->req, V_NO_STATE);
		return true;
	}
	if (!look_back(s, c, h->req, p)) {
		archive_past_free(p);
		refuse(c, h->req, V_BUSY);
	}
	return true;
}

/* --- what is signed elsewhere --- */

static bool on_get_seq(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_get_seq m;
	struct wire_seq reply = {.party = false};
	uint8_t out[16];
	struct wbuf w = wbuf_on(out, sizeof out);
	if (!wire_get_seq_get(body, &m))
		return false;
	reply.party = state_party_nonce(core_archive(server_core(s))->state, &m.instance, &m.party, &reply.seq);
	wire_seq_put(&w, &reply);
	client_send(c, WIRE_SEQ, h->req, out, w.len, 0);
	return true;
}

static bool on_get_work(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_get_work m;
	struct work_units u = {0};
	uint8_t out[32];
	struct wbuf w = wbuf_on(out, sizeof out);
	if (!wire_get_work_get(body, &m))
		return false;
	bool found = core_work_units(server_core(s), &m.account, &u);
	wire_work_put(&w, &(struct wire_work){found, u.used, u.total, u.window_ms});
	client_send(c, WIRE_WORK, h->req, out, w.len, 0);
	return true;
}

/* --- the table --- */

static const struct {
	uint8_t type;
	unsigned roles;
	bool (*on)(struct server *s, struct client *c, const struct wire_head *h, struct slice body);
} handlers[] = {
    {WIRE_HELLO, ROLE_ANY, on_hello},
    {WIRE_INTENT, ROLE_VIEWS | ROLE_PLAN, on_intent},
    {WIRE_SUBMIT, ROLE_ANY, on_submit},
    {WIRE_GET_BLOCK, ROLE_VIEWS, session_get_block},
    {WIRE_FIND_TX, ROLE_VIEWS, session_find_tx},
    {WIRE_GET_PROOF, ROLE_VIEWS, session_get_proof},
    {WIRE_AT, ROLE_VIEWS, on_at},
    {WIRE_SYNC, ROLE_VIEWS | ROLE_PLAN, on_sync},
    {WIRE_OPEN_UID, ROLE_VIEWS, on_open_uid},
    {WIRE_BATCH, ROLE_VIEWS, on_batch},
    {WIRE_GET_SEQ, ROLE_VIEWS, on_get_seq},
    {WIRE_GET_WORK, ROLE_VIEWS, on_get_work},
    {WIRE_PREPARE_USAGE, ROLE_PLAN, on_usage},
};

bool session_message(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
		if (handlers[i].type != h->type)
			continue;
		if (may(c, handlers[i].roles))
			return handlers[i].on(s, c, h, body);
		refuse(c, h->req, V_NOT_ALLOWED);
		return true;
	}
	return false;
}
