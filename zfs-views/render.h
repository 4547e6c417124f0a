/* What the renderers share: one function per file of the tree, and the forms of values.
 *
 * A renderer is called with the model's lock held, unless its file is CLASS_IMMUTABLE: those fetch blocks, which may wait for the link's
 * thread, and that thread folds. They take the lock themselves where they need it. */
#ifndef ZEUS_RENDER_H
#define ZEUS_RENDER_H
#include <inttypes.h>
#include <stdio.h>
#include "zfs-views/names.h"
#include "zfs-views/tree.h"

typedef int render_fn(const struct view *v, uid_t uid, const struct node *n, struct page *out);

/* page.c */
void page_hex(struct page *t, const void *p, size_t len);
void page_json(struct page *t, const char *s, size_t len);       /* a JSON string, ASCII only: other bytes as \u00xx */
void page_word(struct page *t, const char *s);                   /* one column: no blanks or control bytes; "-" if empty */
void page_vector(struct page *t, const struct resources *r);     /* " cpu=0.5 mem=128M ..." without what is zero */
void page_vector_head(struct page *t);
void page_vector_columns(struct page *t, const uint64_t v[RESOURCES]);
void page_milli(struct page *t, uint64_t milli);                 /* three decimals */
void page_time(struct page *t, const char *key, uint64_t ms);    /* "-" for 0 */
void page_id(struct page *t, const char *prefix, const struct id *id); /* 12 digits; "-" for zero */
void page_lease(struct page *t, const struct id *lease);         /* l-<name> */
/* An amount of a token, or of ZNC (0), with its decimals; in base units if the token is not known. And what it is called. */
void page_units(struct page *t, const struct view *v, uint32_t token, struct money amount);
void page_token(struct page *t, const struct view *v, uint32_t token);
void page_account(struct page *t, const struct view *v, const struct address *a); /* login name if local, else address */

/* The wall clock, or what the view was told. */
uint64_t view_now_ms(const struct view *v);

/* beneath.c: small files that plan and the runtime keep per lease. */
int beneath_open(int dir_fd, const char *path);                  /* read-only, never through a link or out of dir_fd; or -errno */
bool beneath_text(int dir_fd, const char *lease, const char *file, struct page *out); /* whole; false if absent */
/* The live counters of a lease, which plan writes in place: without the lines that say where they begin and end; false if absent. */
bool beneath_live(int dir_fd, const char *lease, struct page *out);
bool beneath_value(const struct page *text, const char *key, uint64_t *out);          /* of "key value" lines */

/* task_ref.c */
struct task_report { char phase[16], reason[128]; int exit_code; /* -1: not ended */ uint64_t pid, since_ms; };
struct task_ref {
	char name[NAME_MAX_LEN + 1]; bool local; struct local_task set; /* set: if local; task_ref_close frees */
	const struct fact_lease *lease;                               /* NULL: none yet */
};
bool task_ref_by_name(const struct view *v, const char *name, struct task_ref *out);
void task_ref_close(struct task_ref *t);
/* The name under which this lease's task is shown; false: it has none. */
bool task_name_of_lease(const struct view *v, const struct fact_lease *l, char out[NAME_MAX_LEN + 1]);
void task_each_name(const struct view *v, bool (*cb)(void *arg, const char *name), void *arg); /* local ones first */
bool task_report_of(const struct view *v, const struct fact_lease *l, struct task_report *out);
const char *task_word(const struct view *v, const struct task_ref *t);
uid_t task_owner(const struct view *v, const struct task_ref *t);

/* render_lease.c */
const char *lease_word(const struct fact_lease *l);
uid_t lease_owner(const struct view *v, const struct fact_lease *l);  /* the local party; the buyer if both are; 0 if none */
/* Where its task is reached, for its buyer and for root; "": for nobody else, not known, or not there any more. "sealed": to a key that
 * is not kept here. */
const char *lease_endpoint(const struct view *v, uid_t uid, const struct fact_lease *l);
uint64_t lease_remaining_s(const struct view *v, const struct fact_lease *l);
bool lease_here(const struct view *v, const struct fact_lease *l);    /* enforced by this machine */
bool lease_shown(const struct view *v, const struct fact_lease *l);

/* render_block.c: the bytes of a header with the tag cut off. */
int block_header(const struct view *v, uint8_t lane, uint64_t height, uint8_t **bytes, size_t *len);
/* Lane bytes of a height; whatever is wrong with them is -EIO. leaf: which of its transactions. */
int block_leaves(const struct view *v, uint8_t lane, uint64_t height, uint32_t *n);

/* render_tx.c: one transaction as one line of JSON. */
void render_tx_line(struct slice envelope, uint16_t status, struct page *out);

void render_order_line(const struct view *v, const struct fact_order *o, struct page *out);

render_fn render_empty, render_readme, render_version, render_status, render_errors, render_health, render_tasks_tsv, render_leases_tsv,
	render_chains_tsv;
render_fn render_symbols, render_ticker, render_spec, render_book, render_bids, render_asks, render_bid, render_ask, render_last,
	render_trades;
render_fn render_address, render_pubkey, render_custody, render_nonce, render_balance, render_balances, render_history, render_order,
	render_draft;
render_fn render_lease_spec, render_lease_state, render_lease_status, render_lease_remaining, render_lease_usage, render_lease_limits,
	render_lease_events, render_lease_drift, render_lease_proof;
render_fn render_deposit, render_vesting, render_stake, render_delegate, render_votes;
render_fn render_token, render_token_holders, render_token_draft, render_tokens_tsv;
render_fn render_task_setting, render_task_state, render_task_status, render_task_exit_code, render_task_file, render_task_stats,
	render_task_endpoint;
render_fn render_height, render_head, render_chain_time, render_chain_kind, render_chain_status, render_consensus, render_chain_log;
render_fn render_block_header, render_block_txs, render_block_raw, render_block_hash;
render_fn render_tx_status, render_tx_block, render_tx_json, render_tx_proof, render_tx_raw;
render_fn render_image_manifest, render_image_state, render_image_size, render_incoming;
render_fn render_app_image, render_app_developer, render_app_manifest, render_app_terms;
render_fn render_node_capacity, render_node_free, render_node_rating, render_node_owner, render_node_gpus;
#endif
