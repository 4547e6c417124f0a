/* Envelopes out of writes.
 *
 * As with lines, a torn one is never carried out: a short text without a newline is refused at once, what a full buffer cut off waits for
 * its end. Knows where an envelope ends; what it says is for act_signed.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/envelope.h"
#include "zfs-views/signed.h"

#define STDIO_BUFFER 4096

/* What was kept is forgotten, and its place is free for another. */
static void let_go(struct signed_in *s)
{
	if (s->p)
		atomic_fetch_sub(s->unfinished, 1);
	free(s->p);
	*s = (struct signed_in){.p = NULL};
}

static bool hold_on(struct signed_in *s, atomic_uint *unfinished, struct refusal *why)
{
	if (s->p)
		return true;
	bool room = atomic_fetch_add(unfinished, 1) < SIGNED_UNFINISHED_MAX;
	s->p = room ? malloc(ENVELOPE_TEXT_MAX) : NULL;
	s->unfinished = unfinished;
	if (s->p)
		return true;
	atomic_fetch_sub(unfinished, 1);
	return refuse(why, EAGAIN, -1, "too many envelopes are half written; write this one whole, or try again");
}

static bool keep(struct signed_in *s, atomic_uint *unfinished, const char *p, size_t len, struct refusal *why)
{
	if (len > ENVELOPE_TEXT_MAX - s->len)
		return refuse(why, E2BIG, -1, "this is longer than any envelope; nothing of it was done");
	if (!hold_on(s, unfinished, why))
		return false;
	memcpy(s->p + s->len, p, len);
	s->len += len;
	return true;
}

static bool wants_nothing(struct slice line)
{
	size_t i = 0;
	while (i < line.len && strchr(" \t\r", line.p[i]))
		i++;
	return i == line.len || line.p[i] == '#';
}

/* A write under way: the bytes not yet taken, and what is done with a whole envelope. */
struct taking { struct signed_in *s; atomic_uint *unfinished; const char *p; size_t len; signed_fn *fn; void *arg; struct refusal *why; };

/* Up to a newline, which counts as taken; no newline: all is kept. */
static bool take_text(const struct taking *t, size_t *taken)
{
	struct signed_in *s = t->s;
	const char *end = memchr(t->p, '\n', t->len);
	size_t n = end ? (size_t)(end - t->p) : t->len;
	if (!end && s->len == 0 && t->len < STDIO_BUFFER)
		return refuse(t->why, EINVAL, -1, "missing newline, nothing was done");
	*taken = n + (end != NULL);
	if ((!end || s->len) && !keep(s, t->unfinished, t->p, n, t->why))
		return false;
	struct slice line = s->len ? (struct slice){s->p, s->len} : (struct slice){(const uint8_t *)t->p, n};
	bool done = !end || wants_nothing(line) || t->fn(t->arg, line, t->why);
	if (end)
		let_go(s);
	return done;
}

static bool begins_none(const struct taking *t) { return refuse(t->why, EINVAL, -1, "these bytes begin no envelope"); }

/* Byte by byte into what is kept, until it is whole. */
static bool take_piece(const struct taking *t, size_t *taken)
{
	struct signed_in *s = t->s;
	size_t whole = 0;
	for (*taken = 0; *taken < t->len && (!whole || s->len < whole); ++*taken) {
		if (!keep(s, t->unfinished, t->p + *taken, 1, t->why))
			return false;
		if (!envelope_length((struct slice){s->p, s->len}, &whole))
			return begins_none(t);
	}
	if (!whole || s->len < whole)
		return true;
	bool done = t->fn(t->arg, (struct slice){s->p, s->len}, t->why);
	let_go(s);
	return done;
}

static bool take_bytes(const struct taking *t, size_t *taken)
{
	struct slice begun = {(const uint8_t *)t->p, t->len};
	size_t whole;
	if (t->s->len)
		return take_piece(t, taken);
	if (!envelope_length(begun, &whole))
		return begins_none(t);
	if (!whole || whole > t->len)
		return take_piece(t, taken);
	*taken = whole;
	return t->fn(t->arg, (struct slice){begun.p, whole}, t->why);
}

int signed_write(struct signed_in *s, atomic_uint *unfinished, const char *buf, size_t size, signed_fn *fn, void *arg, struct refusal *why,
    size_t *done)
{
	*done = 0;
	*why = (struct refusal){.column = -1};
	while (*done < size) {
		struct taking t = {s, unfinished, buf + *done, size - *done, fn, arg, why};
		size_t taken = 0;
		bool raw = s->len ? s->p[0] == 1 : buf[*done] == 1;
		if (!(raw ? take_bytes(&t, &taken) : take_text(&t, &taken))) {
			let_go(s);
			break;
		}
		*done += taken;
	}
	return why->err;
}

bool signed_unfinished(const struct signed_in *s) { return s->len > 0; }

void signed_close(struct signed_in *s) { let_go(s); }
