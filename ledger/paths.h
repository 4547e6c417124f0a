/* Where the ledger's things lie below the state directory. */
#ifndef ZEUS_PATHS_H
#define ZEUS_PATHS_H
#include "common/conf.h"

struct paths { char ledger[CONF_PATH_LEN + 32], db[CONF_PATH_LEN + 32], keys[CONF_PATH_LEN + 32], socket[CONF_PATH_LEN + 32]; };
void paths_of(const struct conf *c, struct paths *out);
/* Make the directories that are missing (state 0755, ledger 0700, run 0755); as root they are given to uid:gid. -errno with why (256). */
int paths_make(const struct conf *c, const struct paths *p, uid_t uid, gid_t gid, char *why);
#endif
