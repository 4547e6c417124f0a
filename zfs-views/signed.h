/* What is written into market/signed, until it is a whole envelope: a line of text, or raw bytes that say themselves how long they are.
 * One of them may come in many writes, and many in one. */
#ifndef ZEUS_SIGNED_H
#define ZEUS_SIGNED_H
#include <stdatomic.h>
#include "common/codec.h"
#include "zfs-views/refusal.h"

struct signed_in { uint8_t *p; size_t len; atomic_uint *unfinished; };

/* One whole envelope, in the form in which it came. */
typedef bool signed_fn(void *arg, struct slice envelope, struct refusal *why);

/* unfinished: how many of all files hold a part of an envelope; SIGNED_UNFINISHED_MAX at most. What comes whole in one write is not held.
 * Carries out every envelope that becomes whole; *done counts bytes taken before a refusal. 0, or the refusal's errno: what had come of the
 * refused one is forgotten. Blank lines and lines that begin with # are passed over. */
int signed_write(struct signed_in *s, atomic_uint *unfinished, const char *buf, size_t size, signed_fn *fn, void *arg, struct refusal *why,
    size_t *done);
bool signed_unfinished(const struct signed_in *s);
void signed_close(struct signed_in *s);
#endif
