/* For accounts whose keys are elsewhere: what they would sign, and what they have signed.
 *
 * A line of prepare is a line of a batch, of send, or a lease's name and verb; what comes of it is read back unsigned and no key of this
 * machine has to do with it. Who hands in a finished envelope does not matter: its signatures say whose it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/envelope.h"
#include "zfs-views/act.h"
#include "zfs-views/ctl.h"
#include "zfs-views/order_tx.h"
#include "zfs-views/send_line.h"

/* `KEY=NUMBER` at the beginning of the line, cut off it. False: it is there and no number. */
static bool take_number(const char **line, const char *key, bool *given, uint64_t *out, struct refusal *why)
{
	size_t n = strlen(key), start = strspn(*line, " \t\r");
	char word[32];
	const char *at = *line + start;
	*given = strncmp(at, key, n) == 0;
	if (!*given)
		return true;
	size_t len = strcspn(at + n, " \t\r");
	snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), at + n);
	*line = at + n + len;
	return text_u64(word, UINT64_MAX, out) || refuse(why, EINVAL, (int)start, "%s wants a number", key);
}

/* The line without its first word, if that is it. */
static bool take_word(const char **line, const char *word)
{
	size_t n = strlen(word), start = strspn(*line, " \t\r");
	if (strncmp(*line + start, word, n) != 0 || !strchr(" \t\r", (*line)[start + n])) /* a blank, or the end */
		return false;
	*line += start + n;
	return true;
}

struct prepared {
	const struct address *account; struct tx tx; struct batch parts;
	uint8_t room[CTL_ROOM], deploy[DEPLOY_MAX]; bool seals; uint8_t seal_to[32]; /* an event deploy, to be sealed by who signs it */
};

/* ask, bid, amend, cancel: with the name that an order has in a batch. */
static bool prepare_order(const struct act *a, struct prepared *p, const char *line, uint32_t index, struct refusal *why)
{
	struct id nowhere = {{0}}; /* an account that is not of this machine sells no node of it by `self` */
	struct batch_of of = {.m = a->fs->model, .owner = p->account, .self = &nowhere, .cid = act_cid(a, index)};
	model_lock(a->fs->model);
	bool made = batch_line(&p->parts, &of, line, why);
	model_unlock(a->fs->model);
	if (!made)
		return false;
	if (p->parts.n == 0)
		return refuse(why, EALREADY, -1, "the order says that already; there is nothing to sign");
	struct rbuf r = rbuf_on(p->parts.ops, p->parts.len);
	return tx_batch_next(&r, &p->tx) == V_OK || refuse_verdict(why, V_MALFORMED, -1);
}

/* The rest of `lease l-ID deploy TASK`: whoever asks has described the task below tasks/. */
static bool prepare_deploy(const struct act *a, struct prepared *p, const struct id *lease, const char *rest, struct refusal *why)
{
	char task[NAME_MAX_LEN + 1] = "";
	size_t start = strspn(rest, " \t\r"), len = strcspn(rest + start, " \t\r");
	if (len && len <= NAME_MAX_LEN && !rest[start + len + strspn(rest + start + len, " \t\r")])
		memcpy(task, rest + start, len);
	if (!task[0])
		return refuse(why, EINVAL, -1, "deploy takes the name of a task below tasks/");
	p->tx.type = TX_EVENT;
	p->tx.scope = *lease;
	strcpy(p->tx.u.event.event, "deploy");
	return act_task_deploy(a, task, p->deploy, &p->tx.u.event.blob, why);
}

/* With the model locked: whose eyes the deploy is for. */
static bool seal_to_seller(const struct model *m, struct prepared *p, const struct fact_lease *l, struct refusal *why)
{
	static const uint8_t none[32];
	const struct fact_account *seller = model_account(m, &l->seller);
	if (!address_eq(p->account, &l->buyer))
		return refuse_verdict(why, V_NOT_PARTY, -1);
	if (!seller || memcmp(seller->x25519, none, sizeof none) == 0)
		return refuse_verdict(why, V_BAD_KEY, -1);
	p->seals = true;
	memcpy(p->seal_to, seller->x25519, sizeof p->seal_to);
	return true;
}

/* lease l-ID VERB */
static bool prepare_lease(const struct act *a, struct prepared *p, const char *line, uint32_t index, struct refusal *why)
{
	char name[LEASE_NAME_LEN + 3] = "";
	struct ctl c;
	struct cid cid = act_cid(a, index);
	size_t start = strspn(line, " \t\r"), len = strcspn(line + start, " \t\r");
	if (len == LEASE_NAME_LEN + 2 && strncmp(line + start, "l-", 2) == 0)
		memcpy(name, line + start, len);
	const char *verb = line + start + len;
	bool deploys = take_word(&verb, "deploy");
	struct id lease = {{0}};
	if (!deploys && !ctl_lease_parse(verb, &c, why))
		return false;
	model_lock(a->fs->model);
	const struct fact_lease *l = name[0] ? model_lease_by_name(a->fs->model, name + 2) : NULL;
	bool made = !l ? refuse_verdict(why, V_NO_LEASE, (int)start) : deploys ? seal_to_seller(a->fs->model, p, l, why)
									       : ctl_lease_tx(&c, l, p->account, &cid, p->room, &p->tx, why);
	if (l)
		lease = l->lease;
	model_unlock(a->fs->model);
	return made && (!deploys || prepare_deploy(a, p, &lease, verb, why));
}

/* `SYMBOL in 5`, `SYMBOL out 5 into=OTHER`: what tokens/SYMBOL/ctl takes */
static bool prepare_token(const struct act *a, struct prepared *p, const char *line, uint32_t index, struct refusal *why)
{
	char symbol[TOKEN_SYMBOL_LEN + 1];
	size_t start = strspn(line, " \t\r"), len = strcspn(line + start, " \t\r");
	if (len >= sizeof symbol)
		return refuse_verdict(why, V_NO_TOKEN, (int)start);
	snprintf(symbol, sizeof symbol, "%.*s", (int)len, line + start);
	return act_token_tx(a, symbol, line + start + len, index, &p->tx, why);
}

/* `set-auth auth=HEX`: who signs for the account from now on. Nobody changes that for an account whose key is kept here, nor would the
 * ledger let views do it. */
static bool prepare_auth(const struct act *a, struct prepared *p, const char *rest, struct refusal *why)
{
	char text[LINE_MAX_LEN + 1];
	uint32_t uid;
	model_lock(a->fs->model);
	bool kept = model_uid(a->fs->model, p->account, &uid);
	model_unlock(a->fs->model);
	if (kept)
		return refuse(why, EPERM, -1, SET_AUTH_KEPT);
	rest += strspn(rest, " \t\r");
	size_t len = strcspn(rest, " \t\r");
	if (len >= sizeof text || strncmp(rest, "auth=", 5) != 0 || rest[len + strspn(rest + len, " \t\r")])
		return refuse(why, EINVAL, -1, "set-auth takes auth=HEX, which zeus key show and zeus key auth print");
	snprintf(text, sizeof text, "%.*s", (int)len - 5, rest + 5);
	p->tx.type = TX_SET_AUTH;
	return send_auth(text, -1, &p->tx.u.set_auth.auth, why);
}

static bool prepare_tx(const struct act *a, struct prepared *p, const char *line, uint32_t index, struct refusal *why)
{
	if (take_word(&line, "send"))
		return act_transfer_tx(a, line, index, &p->tx, why);
	if (take_word(&line, "lease"))
		return prepare_lease(a, p, line, index, why);
	if (take_word(&line, "token"))
		return prepare_token(a, p, line, index, why);
	if (take_word(&line, "set-auth"))
		return prepare_auth(a, p, line, why);
	if (take_word(&line, "delegate"))
		return act_delegate_tx(a, line + strspn(line, " \t"), &p->tx, why);
	if (take_word(&line, "vote"))
		return act_votes_tx(line + strspn(line, " \t"), &p->tx, why);
	const char *stake = line;
	if (take_word(&stake, "stake") || take_word(&stake, "unstake"))
		return act_stake_tx(a, line, index, &p->tx, why);
	return prepare_order(a, p, line, index, why);
}

/* What an envelope has beside its body. */
static bool fill_head(const struct act *a, struct prepared *p, bool numbered, uint64_t nonce, struct refusal *why)
{
	struct model *m = a->fs->model;
	enum verdict v = V_OK;
	struct tx *tx = &p->tx;
	tx->sender = *p->account;
	tx->nsig = 0;
	tx->nonce = nonce;
	if (!numbered && tx_type_instance(tx->type))
		v = link_nonce(a->fs->link, &tx->scope, &tx->sender, &tx->nonce);
	model_lock(m);
	const struct fact_account *f = model_account(m, p->account);
	const struct fact_block *head = model_head(m);
	if (!numbered && f && !tx_type_instance(tx->type))
		tx->nonce = f->nonce;
	tx->valid_until = head ? head->height + PREPARE_VALID_BLOCKS : 0;
	model_unlock(m);
	if (v == V_OK && !f)
		v = V_NO_ACCOUNT;
	return v == V_OK || refuse_verdict(why, v, -1);
}

static bool put_draft(const struct act *a, struct prepared *p, struct page *reply, struct refusal *why)
{
	struct wire_welcome w;
	autofree struct envelope *e = malloc(sizeof *e);
	autofree char *text = malloc(ENVELOPE_TEXT_MAX);
	if (!e || !text)
		return refuse(why, ENOSPC, -1, "out of memory");
	if (!link_welcome(a->fs->link, &w))
		return refuse_verdict(why, V_LEDGER_DOWN, -1);
	p->tx.chain_id = w.chain_id;
	struct wbuf b = wbuf_on(e->bytes, sizeof e->bytes);
	tx_draft_put(&b, &p->tx);
	if (b.bad)
		return refuse_verdict(why, V_MALFORMED, -1);
	e->len = b.len;
	e->bound = true;
	e->genesis = w.genesis;
	e->seals = p->seals;
	memcpy(e->seal_to, p->seal_to, sizeof e->seal_to);
	page_put(reply, text, envelope_text(e, text));
	return true;
}

bool act_prepare(
    const struct act *a, const struct address *account, const char *line, uint32_t index, struct page *reply, struct refusal *why)
{
	autofree struct prepared *p = calloc(1, sizeof *p);
	uint64_t nonce = 0;
	bool numbered;
	if (!p)
		return refuse(why, ENOSPC, -1, "out of memory");
	p->account = account;
	bool done = take_number(&line, "nonce=", &numbered, &nonce, why) && prepare_tx(a, p, line, index, why) &&
		fill_head(a, p, numbered, nonce, why) && put_draft(a, p, reply, why);
	batch_close(&p->parts);
	return done;
}

/* --- what was signed --- */

/* An order is answered for when it has crossed to its symbol's lane, so that what is read next is what became of it. */
struct crossing { struct model *m; const struct tx *tx; uint16_t reason; };

static bool crossed(void *arg)
{
	struct crossing *w = arg;
	const struct tx *tx = w->tx;
	bool ask = tx->type == TX_ASK, bid = tx->type == TX_BID, there = true;
	model_lock(w->m);
	const struct fact_order *o = ask || bid ? model_order_by_name(w->m, &tx->sender, ask ? tx->u.ask.name : tx->u.bid.name)
					: tx->type == TX_CANCEL ? model_order(w->m, &tx->u.cancel.order) : NULL;
	if (ask || bid)
		there = o && o->state != ORDER_IN_FLIGHT;
	else if (tx->type == TX_CANCEL)
		there = !o || order_is_final(o);
	if (there && o && o->state == ORDER_REJECTED && o->reason && o->reason < V_COUNT)
		w->reason = o->reason;
	model_unlock(w->m);
	return there;
}

static bool settle(const struct act *a, const struct tx *tx, struct refusal *why)
{
	struct crossing w = {.m = a->fs->model, .tx = tx};
	if (tx->type == TX_OPEN)
		act_await_open(a, &tx->u.open.auth);
	if (!link_wait(a->fs->link, crossed, &w, SETTLE_TIMEOUT_MS) || !w.reason)
		return true;
	return refuse_verdict(why, (enum verdict)w.reason, -1);
}

static bool check_network(const struct act *a, const struct envelope *e, struct refusal *why)
{
	struct wire_welcome w;
	if (!link_welcome(a->fs->link, &w))
		return refuse_verdict(why, V_LEDGER_DOWN, -1);
	return !e->bound || id_cmp(&e->genesis, &w.genesis) == 0 || refuse_verdict(why, V_WRONG_CHAIN, -1);
}

bool act_signed(const struct act *a, struct slice envelope, struct page *reply, struct refusal *why)
{
	autofree struct envelope *e = malloc(sizeof *e);
	autofree struct tx *tx = malloc(sizeof *tx);
	struct wire_answer answer;
	size_t signed_len;
	if (!e || !tx)
		return refuse(why, ENOSPC, -1, "out of memory");
	if (!envelope_read(envelope, e))
		return refuse(why, EINVAL, -1, "this is no envelope: hex, base64, raw bytes, or the line that zeus sign prints");
	if (!check_network(a, e, why))
		return false;
	if (e->seals)
		return refuse(why, EKEYREJECTED, -1, "nobody has sealed and signed this yet; see zeus sign");
	enum verdict v = tx_draft_get((struct slice){e->bytes, e->len}, tx, &signed_len);
	if (v == V_OK && tx->nsig == 0)
		return refuse(why, EKEYREJECTED, -1, "nobody has signed this yet; see zeus sign");
	if (v == V_OK)
		v = link_submit(a->fs->link, (struct slice){e->bytes, e->len}, &answer);
	if (v != V_OK)
		return refuse_verdict(why, v, -1);
	if (!settle(a, tx, why))
		return false;
	act_reply_final(&answer, reply);
	return true;
}
