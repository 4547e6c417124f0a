/* A transaction in words: what somebody is about to sign, down to the last field. */
#ifndef ZEUS_WORDS_H
#define ZEUS_WORDS_H
#include <stdio.h>
#include "common/tx.h"

/* One field a line, "key value". Bytes that are not printable appear as \xNN: nothing in a transaction can steer the terminal. */
void words_line(FILE *out, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void words_hex(FILE *out, const char *key, const void *p, size_t len);
void words_address(FILE *out, const char *key, const struct address *a);
void words_tx(FILE *out, const struct tx *tx); /* the envelope's head and the type's own fields; not the signatures */
#endif
