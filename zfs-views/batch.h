/* The lines of one open `batch` file until `commit`: an all-or-none list of orders, amendments and cancellations. */
#ifndef ZEUS_BATCH_H
#define ZEUS_BATCH_H
#include "zfs-views/order_tx.h"

struct batch { uint8_t *ops; size_t len; uint32_t n, nnames; bool poisoned; char (*name)[NAME_MAX_LEN + 1]; };

/* Who the lines are of, and the model, locked by the caller. */
struct batch_of { const struct model *m; const struct address *owner; const struct id *self; struct cid cid; };

/* Take one line that is neither `commit` nor `abort`. False: see why; the batch is poisoned and only abort or close helps. */
bool batch_line(struct batch *b, const struct batch_of *of, const char *line, struct refusal *why);
/* May it be committed? */
bool batch_ready(const struct batch *b, struct refusal *why);
void batch_close(struct batch *b); /* forgets everything */
#endif
