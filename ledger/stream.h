/* One reader's place in the stream of facts: history and a snapshot, or the kept facts of the heights behind it, cut into messages of
 * whole facts. */
#ifndef ZEUS_STREAM_H
#define ZEUS_STREAM_H
#include "common/wire.h"
#include "ledger/archive.h"

struct stream { bool on; uint64_t next; uint8_t *p; size_t len, at; }; /* p: facts of the heights below next, sent up to at */

/* h->history: may it be told what is in no book any more? -EIO, -EBADMSG */
int stream_open(struct stream *t, const struct archive *a, const struct wire_hello *h);
/* What rebuilds these books: a reset, every object, the head. *p is malloc'd. Any thread that owns them. */
void stream_books(const struct state *s, const struct chain *c, uint8_t **p, size_t *len);
/* These facts and nothing after them; p is malloc'd and owned from now on. The answer to send behind them is due at STREAM_ENDED. */
#define STREAM_ENDED (UINT64_MAX - FACTS_KEEP_BLOCKS)
void stream_fixed(struct stream *t, uint8_t *p, size_t len);
void stream_close(struct stream *t);
bool stream_on(const struct stream *t);
/* The first height of which something is still unsent: all below it were sent. */
uint64_t stream_next(const struct stream *t);
bool stream_pending(const struct stream *t, const struct archive *a);
/* The next bytes to send, at most one message's body. -EAGAIN: nothing; -ENOENT: the facts are not kept any more; -EIO */
int stream_chunk(struct stream *t, const struct archive *a, struct slice *out);
void stream_sent(struct stream *t, size_t len);
#endif
