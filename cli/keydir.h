/* Where a user's keys lie: one file NAME.key of mode 0600 each, in a directory of mode 0700. */
#ifndef ZEUS_KEYDIR_H
#define ZEUS_KEYDIR_H
#include "cli/cli.h"
#include "ledger/crypto/keyfile.h"

struct keydir { char path[4096]; int fd; };

/* dir NULL: $XDG_CONFIG_HOME/zeus/keys, or ~/.config/zeus/keys. make: it may be made. All return an exit code. */
int keydir_open(const char *dir, bool make, struct keydir *out);
void keydir_close(struct keydir *d);
int keydir_load(const struct keydir *d, const char *name, struct keyfile *out);
/* Beside, synced, named. replace: there must be one; else there must be none. */
int keydir_save(const struct keydir *d, const char *name, const struct keyfile *f, bool replace);
/* Every key's name, sorted; cb returns an exit code, and anything but 0 ends the walk. */
int keydir_each(const struct keydir *d, int (*cb)(void *arg, const char *name), void *arg);
#endif
