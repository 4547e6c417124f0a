/* Lines out of writes (INTERFACE 2.1, rules 1 to 5). One per open file. */
#ifndef ZEUS_LINES_H
#define ZEUS_LINES_H
#include "common/limits.h"
#include "zfs-views/refusal.h"

/* Carries out one line (NUL-terminated, no newline, neither blank nor a comment). index: which line of this write it is. False: see why. */
typedef bool line_fn(void *arg, const char *line, uint32_t index, struct refusal *why);

struct lines { char rest[LINE_MAX_LEN + 1]; size_t len; /* a line whose end has not come yet */ bool poisoned; };

/* Feed one write. *done: bytes of the lines carried out; all of size when nothing was refused. Returns 0 or the errno of the
 * refusal (why says more, refused is the line): with *done > 0 the writer gets a short count, and the errno when it comes back with the
 * rest. */
int lines_write(struct lines *s, const char *buf, size_t size, line_fn *fn, void *arg, struct refusal *why, char refused[LINE_MAX_LEN + 1],
    size_t *done);
/* Is part of a line left at the end? */
bool lines_unfinished(const struct lines *s);
#endif
