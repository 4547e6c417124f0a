/* A key file as text that survives mail and paper: base64 between two lines. It is the file's bytes, still under its passphrase. */
#ifndef ZEUS_ARMOUR_H
#define ZEUS_ARMOUR_H
#include "ledger/crypto/keyfile.h"

#define ARMOUR_MAX 1024

/* out: ARMOUR_MAX; returns its length. */
size_t armour_text(const struct keyfile *f, char *out);
/* Blank space before, after and between is passed over, nothing else is. False: no whole key. */
bool armour_read(const char *text, struct keyfile *out);
#endif
