/* What signing needs of a key: opened by its passphrase. */
#ifndef ZEUS_KEY_H
#define ZEUS_KEY_H
#include "cli/keydir.h"
#include "cli/passphrase.h"

/* out: secret memory. Exit code; a refusal was told. */
int key_unlock(const char *name, const struct keyfile *f, const struct passphrase_from *from, struct keypair *out);
#endif
