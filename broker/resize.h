/* A lease's other vector, in place. Part of act.c, apart for its size. */
#ifndef ZEUS_RESIZE_H
#define ZEUS_RESIZE_H
#include "broker/act.h"

/* Make the kernel hold what plan_vector says. 0: it does, or it will not and that is remembered for the ledger. -errno: try again. */
int resize_do(struct actor *a, struct lease *l);
int resize_tell(struct actor *a, struct lease *l, bool made);
void resize_refused(struct actor *a, struct lease *l); /* the ledger would not hear it: say it again later, if it still stands */
#endif
