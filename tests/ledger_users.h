/* A ledger that knows its clients by their uid: it runs as nobody, the user daemon is views and bin is plan. Needs root, to connect as
 * several users: the peer is who connects, whoever it is afterwards. */
#ifndef ZEUS_TEST_LEDGER_USERS_H
#define ZEUS_TEST_LEDGER_USERS_H
#include "tests/ledger_client.h"

#define UID_VIEWS 1u
#define UID_PLAN 2u

bool users_able(void);                                       /* root, and the group was given up; else skip */
/* Scratch directory, --init with more (NULL-terminated), this configuration beside the two users, started. */
void users_start(struct daemon *d, const char *const *more, const char *conf);
void users_become(uid_t uid);                                /* the effective uid, from any other */
int users_dial(const struct daemon *d, uid_t uid);           /* a connection of that uid; the test stays root */
void users_open(struct lc *c, const struct daemon *d, struct fold *f, uid_t uid); /* lc_open as that user */
#endif
