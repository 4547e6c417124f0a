/* The long check: carry out every block again, from the genesis on. */
#ifndef ZEUS_VERIFY_H
#define ZEUS_VERIFY_H
#include "ledger/archive.h"

/* Every seal, signature, round and record up to the head. 0, or with a sentence in why (256): -EBADMSG; -ENODATA: what opening the
 * archive checked is sound, the rest was pruned. */
int verify_replay(const struct archive *a, char *why);
#endif
