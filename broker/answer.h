/* The ledger's answers to what plan asked. */
#ifndef ZEUS_ANSWER_H
#define ZEUS_ANSWER_H
#include "broker/act.h"

#define RETRY_MS 1000

/* For link_read; actor: struct actor. */
void answer_take(void *actor, const struct asked *asked, const struct wire_answer *answer);
/* What of the lease failed, and why, is remembered; it is left alone for a while. */
void answer_trouble(struct actor *a, struct lease *l, enum action what, const char *why);
#endif
