/* What a write does: each function turns words into a transaction, sends it and waits for the verdict. FUSE-free.
 *
 * All are refused with a sentence, or done when they return. Nothing here takes longer than REPLY_TIMEOUT_MS, but act_upload, which reads
 * the whole image. */
#ifndef ZEUS_ACT_H
#define ZEUS_ACT_H
#include "zfs-views/fs.h"

/* Who acts and in which request: a request that is carried out again after a crash has the same cids. */
struct act { struct fs *fs; uid_t uid; uint64_t unique; };

struct cid act_cid(const struct act *a, uint32_t index);
/* Send as the actor. */
bool act_send_tx(const struct act *a, const struct tx *tx, struct wire_answer *answer, struct refusal *why);
/* The actor's address; false: V_NO_ACCOUNT, or V_LEDGER_DOWN. Takes the model's lock for a moment. */
bool act_address(const struct act *a, struct address *out, struct refusal *why);

/* Post under name, or amend the order of that name. */
bool act_order(const struct act *a, const char *name, const char *line, uint32_t index, struct refusal *why);
/* Cancel what is open, hide what is over. */
bool act_order_remove(const struct act *a, const struct id *order, struct refusal *why);
bool act_order_text(const struct act *a, const char *name, struct page *out);
bool act_post(const struct act *a, const char *line, uint32_t index, struct page *reply, struct refusal *why);
bool act_batch(const struct act *a, struct batch *b, const char *line, uint32_t index, struct page *reply, struct refusal *why);
/* The transaction that a line of `send` asks for; its sender is not filled in. */
bool act_transfer_tx(const struct act *a, const char *line, uint32_t index, struct tx *tx, struct refusal *why);
bool act_transfer(const struct act *a, const char *line, uint32_t index, struct page *reply, struct refusal *why);

/* What every attempt to change the keys of such an account is told. */
#define SET_AUTH_KEPT "this machine keeps the account's key and signs for it: that does not change; have an account of your own keys opened"
/* act_signed.c. For accounts whose keys are elsewhere: the unsigned envelope that a line asks for, as account would sign it ... */
bool act_prepare(
    const struct act *a, const struct address *account, const char *line, uint32_t index, struct page *reply, struct refusal *why);
/* ... and a finished envelope, in any form that envelope_read knows. Whoever has one may hand it in. */
bool act_signed(const struct act *a, struct slice envelope, struct page *reply, struct refusal *why);
/* Wait until the account of these keys is there, or SETTLE_TIMEOUT_MS. */
void act_await_open(const struct act *a, const struct auth *auth);
void act_reply_final(const struct wire_answer *answer, struct page *reply);

/* An address, or somebody of this machine who has an account. */
bool act_account_named(const struct act *a, const char *name, int column, struct address *out, struct refusal *why);

/* act_token.c. A token by its symbol (ZNC: 0), and so much of it, with its decimals; columns are of the line. */
bool act_amount(const struct act *a, const char *symbol, int symbol_column, const char *text, int column, uint32_t *token,
	struct money *amount, struct refusal *why);
/* Drafts, and what makes them tokens. */
bool act_token_make(const struct act *a, const char *symbol, struct refusal *why);
bool act_token_remove(const struct act *a, const struct node *n, struct refusal *why);
bool act_token_value(const struct act *a, const struct node *n, const char *text, struct refusal *why);
bool act_token_issue(const struct act *a, const struct node *draft, const char *line, uint32_t index, struct refusal *why);
/* A line of an issued token's ctl, as a transaction whose sender is not filled in; and carried out, when it returns. */
bool act_token_tx(const struct act *a, const char *symbol, const char *line, uint32_t index, struct tx *tx, struct refusal *why);
bool act_token(const struct act *a, const struct node *token, const char *line, uint32_t index, struct refusal *why);

/* act_stake.c. `stake A`, `unstake A`; who votes with it (`-`: oneself); for which sites (`-`: none). */
bool act_stake_tx(const struct act *a, const char *line, uint32_t index, struct tx *tx, struct refusal *why);
bool act_stake(const struct act *a, const char *line, uint32_t index, struct refusal *why);
bool act_delegate_tx(const struct act *a, const char *value, struct tx *tx, struct refusal *why);
bool act_votes_tx(const char *value, struct tx *tx, struct refusal *why);
bool act_vote(const struct act *a, const struct node *n, const char *value, struct refusal *why);

/* act_verify.c. Is that in a block of this chain (0: of any), as far as this node has them? A transaction's id, or a proof. The answer is
 * `ok ...` or `bad REASON`; who cannot read it is told the reason as a refusal. */
bool act_verify(const struct act *a, uint8_t chain, bool reads, struct slice question, struct page *reply, struct refusal *why);

bool act_lease(const struct act *a, const struct id *lease, const char *line, uint32_t index, struct refusal *why);
bool act_task(const struct act *a, const char *name, const char *line, uint32_t index, struct refusal *why);
/* What the actor's task draft of this name would deploy; out: DEPLOY_MAX bytes, which bytes borrows. */
bool act_task_deploy(const struct act *a, const char *name, uint8_t *out, struct slice *bytes, struct refusal *why);
/* Remove a task that is not running. */
bool act_task_remove(const struct act *a, const struct node *task, struct refusal *why);
bool act_task_over(const struct act *a, const struct node *task);
bool act_account(const struct act *a, const char *name, struct refusal *why);
bool act_upload(const struct act *a, struct upload *u, struct refusal *why);
#endif
