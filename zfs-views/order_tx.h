/* From an order line and the model to the transaction that asks for it. The caller holds the model's lock. */
#ifndef ZEUS_ORDER_TX_H
#define ZEUS_ORDER_TX_H
#include "zfs-views/model.h"
#include "zfs-views/order_line.h"

/* A transaction with room for the task that it carries. Point at it, never copy it: tx.u.bid.deploy points inside. */
struct order_tx { struct tx tx; uint8_t deploy[DEPLOY_MAX]; };

/* A new order of owner under this name. self: this machine's node, zero when it has none. */
bool order_tx_post(const struct model *m, const struct address *owner, const struct id *self, const struct order_line *line,
    const char *name, const struct cid *cid, struct order_tx *out, struct refusal *why);
/* Change order into what line says. *same: it says that already, nothing is to be sent. */
bool order_tx_amend(const struct model *m, const struct fact_order *order, const struct order_line *line, const struct cid *cid,
		    struct order_tx *out, bool *same, struct refusal *why);
void order_tx_cancel(const struct fact_order *order, const struct cid *cid, struct order_tx *out);

bool order_is_final(const struct fact_order *order);
/* rate x time of qty replicas, at most ESCROW_WINDOW_S of it, rounded up (PROTOCOL 0.19): what a bid locks. False: out of range. */
bool order_escrow(struct price price, uint64_t milli_units, uint32_t qty, uint32_t for_s, struct money *out);
/* BOND_PPM of the same for an ask. */
bool order_bond(struct price price, uint64_t milli_units, uint32_t max_s, struct money *out);
/* The task that app (its fact) runs, under this task name. False: it does not fit or the app's description is damaged. */
bool order_deploy(const struct fact_app *app, const char *task, uint8_t *out, size_t cap, size_t *len);
/* A node by `n-` and the first digits of its id, or by its name. NULL: none, or several. */
const struct fact_node *order_node(const struct model *m, const char *word);
#endif
