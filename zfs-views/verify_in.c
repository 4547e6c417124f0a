/* Questions out of writes: lines, of which one that begins a proof waits for that proof's last.
 *
 * As with commands, a torn line is never taken: a short write without a newline is refused at once, what a full buffer cut off waits for
 * its end. Knows where a proof begins and ends; what it says is verify.c's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/verify.h"

#define STDIO_BUFFER 4096
#define FIRST "zeus-proof "
#define LAST "sum "

static void let_go(struct verify_in *s)
{
	if (s->p)
		atomic_fetch_sub(s->unfinished, 1);
	free(s->p);
	*s = (struct verify_in){.p = NULL};
}

static bool begins(const uint8_t *p, size_t len, const char *with) { return len >= strlen(with) && memcmp(p, with, strlen(with)) == 0; }

static bool hold_on(struct verify_in *s, atomic_uint *unfinished, struct refusal *why)
{
	if (s->p)
		return true;
	s->unfinished = unfinished;
	if (atomic_fetch_add(unfinished, 1) < PROOFS_UNFINISHED_MAX && (s->p = malloc(STDIO_BUFFER))) {
		s->cap = STDIO_BUFFER;
		return true;
	}
	atomic_fetch_sub(unfinished, 1);
	return refuse(why, EAGAIN, -1, "too many proofs are half written; write this one whole, or try again");
}

static bool keep(struct verify_in *s, atomic_uint *unfinished, const char *p, size_t len, struct refusal *why)
{
	if (len > PROOF_TEXT_MAX - s->len)
		return refuse(why, E2BIG, -1, "this is longer than any proof");
	if (!hold_on(s, unfinished, why))
		return false;
	size_t cap = s->cap;
	while (cap < s->len + len)
		cap *= 2;
	uint8_t *more = cap > s->cap ? realloc(s->p, cap) : s->p;
	if (!more)
		return refuse(why, ENOSPC, -1, "out of memory");
	s->p = more;
	s->cap = cap;
	memcpy(s->p + s->len, p, len);
	s->len += len;
	return true;
}

static struct slice trimmed(struct slice line)
{
	while (line.len && strchr(" \t\r\n", line.p[0])) {
		line.p++;
		line.len--;
	}
	while (line.len && strchr(" \t\r\n", line.p[line.len - 1]))
		line.len--;
	return line;
}

/* A write under way: the bytes not yet taken. */
struct taking { struct verify_in *s; atomic_uint *unfinished; const char *p; size_t len; verify_fn *fn; void *arg; struct refusal *why; };

/* A line that stands alone: an id, or nothing. */
static bool ask_line(const struct taking *t, struct slice line)
{
	line = trimmed(line);
	return !line.len || line.p[0] == '#' || t->fn(t->arg, line, t->why);
}

/* The line that has just become whole, in what is kept. */
static bool line_kept(const struct taking *t)
{
	struct verify_in *s = t->s;
	bool proof = begins(s->p, s->len, FIRST), over = !proof || begins(s->p + s->line, s->len - s->line, LAST);
	s->line = s->len;
	if (!over)
		return true;
	bool done = proof ? t->fn(t->arg, (struct slice){s->p, s->len}, t->why) : ask_line(t, (struct slice){s->p, s->len});
	let_go(s);
	return done;
}

/* The bytes of a proof that begins here and ends here as well: it needs not be kept. 0: its end is not here. */
static size_t proof_length(const char *p, size_t len)
{
	const char *end;
	for (size_t at = 0; at < len && (end = memchr(p + at, '\n', len - at)); at = (size_t)(end - p) + 1)
		if (begins((const uint8_t *)p + at, len - at, LAST))
			return (size_t)(end - p) + 1;
	return 0;
}

static bool take_line(const struct taking *t, size_t *taken)
{
	struct verify_in *s = t->s;
	bool proof = s->len == 0 && begins((const uint8_t *)t->p, t->len, FIRST);
	if (proof && (*taken = proof_length(t->p, t->len)) > 0)
		return t->fn(t->arg, (struct slice){(const uint8_t *)t->p, *taken}, t->why);
	const char *end = memchr(t->p, '\n', t->len);
	size_t n = end ? (size_t)(end - t->p) + 1 : t->len;
	*taken = n;
	if (s->len == 0 && end && !proof)
		return ask_line(t, (struct slice){(const uint8_t *)t->p, n});
	return keep(s, t->unfinished, t->p, n, t->why) && (!end || line_kept(t));
}

int verify_write(struct verify_in *s, atomic_uint *unfinished, const char *buf, size_t size, verify_fn *fn, void *arg, struct refusal *why,
    size_t *done)
{
	*done = 0;
	*why = (struct refusal){.column = -1};
	if (size && size < STDIO_BUFFER && s->len == s->line && !memchr(buf, '\n', size)) {
		let_go(s);
		return refuse(why, EINVAL, -1, "missing newline, nothing was done"), why->err;
	}
	while (*done < size) {
		struct taking t = {s, unfinished, buf + *done, size - *done, fn, arg, why};
		size_t taken = 0;
		if (!take_line(&t, &taken)) {
			let_go(s);
			break;
		}
		*done += taken;
	}
	return why->err;
}

bool verify_unfinished(const struct verify_in *s) { return s->len > 0; }

void verify_close(struct verify_in *s) { let_go(s); }
