/* Lines out of writes: what a shell sends in one or in many writes becomes whole lines, each carried out before write returns.
 *
 * A torn line is never a command: a short write without a newline is refused at once; what a full buffer cut off waits for its end; once
 * such a line was refused its writer's retry cannot be told from a fresh line, so the file takes nothing more until it is opened again. */
#include <errno.h>
#include <string.h>
#include "zfs-views/lines.h"

#define STDIO_BUFFER 4096

static bool wants_nothing(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == 0 || *line == '#';
}

/* One whole line: rest, then these bytes. */
static bool one_line(struct lines *s, const char *p, size_t len, line_fn *fn, void *arg, uint32_t index, struct refusal *why, char *refused)
{
	bool torn = s->len > 0;
	refused[0] = 0;
	if (s->len + len > LINE_MAX_LEN) {
		s->poisoned |= torn;
		return refuse(why, E2BIG, -1, "the line is longer than %d bytes; nothing of it was done", LINE_MAX_LEN);
	}
	memcpy(refused, s->rest, s->len);
	memcpy(refused + s->len, p, len);
	refused[s->len + len] = 0;
	bool done = memchr(refused, 0, s->len + len) ? refuse(why, EINVAL, (int)strlen(refused), "the line holds a NUL byte")
						     : wants_nothing(refused) || fn(arg, refused, index, why);
	s->poisoned |= torn && !done;
	s->len = 0;
	return done;
}

/* Hold back what has no newline yet. */
static bool keep_rest(struct lines *s, const char *p, size_t len, struct refusal *why, char *refused)
{
	refused[0] = 0;
	if (s->len + len > LINE_MAX_LEN) {
		s->poisoned = true;
		return refuse(why, E2BIG, -1, "the line is longer than %d bytes; nothing of it was done", LINE_MAX_LEN);
	}
	memcpy(s->rest + s->len, p, len);
	s->len += len;
	return true;
}

int lines_write(struct lines *s, const char *buf, size_t size, line_fn *fn, void *arg, struct refusal *why, char refused[LINE_MAX_LEN + 1],
    size_t *done)
{
	uint32_t index = 0;
	*done = 0;
	refused[0] = 0;
	*why = (struct refusal){.column = -1};
	if (s->poisoned)
		refuse(why, EINVAL, -1, "a line before this one was cut and refused; open the file again");
	else if (size && !memchr(buf, '\n', size) && s->len == 0 && size < STDIO_BUFFER)
		refuse(why, EINVAL, -1, "missing newline, nothing was done");
	while (!why->err && *done < size) {
		const char *p = buf + *done, *end = memchr(p, '\n', size - *done);
		size_t len = end ? (size_t)(end - p) : size - *done;
		if (end ? !one_line(s, p, len, fn, arg, index++, why, refused) : !keep_rest(s, p, len, why, refused))
			break;
		*done += len + (end != NULL);
	}
	if (why->err && refused[0] == 0 && size) {
		size_t n = size - *done < 200 ? size - *done : 200;
		memcpy(refused, buf + *done, n);
		refused[n] = 0;
	}
	return why->err;
}

bool lines_unfinished(const struct lines *s)
{
	return s->len > 0 && !s->poisoned;
}
