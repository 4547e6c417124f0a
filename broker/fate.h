/* What becomes of a task to which something happened: its memory is full, the kernel ended it, its machine was started anew. */
#ifndef ZEUS_FATE_H
#define ZEUS_FATE_H
#include "broker/act.h"

/* From the last reading: since when the memory is full, and the words that people see for what the kernel did. */
void fate_read(const struct actor *a, struct lease *l);
int fate_kill(struct actor *a, struct lease *l); /* a task that was held for too long */
/* Once, of a lease that the kernel side does not have: what an earlier run of this program counted, and whether it can go on. */
void fate_recall(const struct actor *a, struct lease *l);
#endif
