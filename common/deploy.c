/* What a task is to run, as bytes: the blob of BID, APP_PUB and EVENT deploy.
 *
 * Knows the shapes (an image digest, an absolute directory, KEY=VALUE) and that all of it fits DEPLOY_MAX. Does not know
 * images or how anything is started. Arguments may hold any byte but NUL: a shell script of many lines is one argument. */
#include <string.h>
#include "common/coder.h"
#include "common/text.h"
#include "common/tx.h"

#define CWD_MAX 255

static bool image_ok(const char *s)
{
	uint8_t digest[32];
	return s[0] == '\0' || hex_decode(s, digest, sizeof digest);
}

static bool variable_ok(const char *s)
{
	const char *equals = strchr(s, '=');
	return equals && equals != s;
}

#define SEALED 0xffff /* where a cwd's length would be */

static_assert(SEALED > CWD_MAX, "no cwd is that long");

/* Where decoded strings are copied to. */
struct text_room { char *p; size_t left; };

static void code_string(struct coder *c, const char **s, struct text_room *room)
{
	if (c->w) {
		size_t n = strlen(*s);
		coder_require(c, n <= UINT16_MAX);
		put_u16(c->w, (uint16_t)n);
		put_bytes(c->w, *s, n);
		return;
	}
	size_t len = get_u16(c->r);
	*s = "";
	if (len >= room->left || len > c->r->len - c->r->pos) {
		coder_refuse(c);
		return;
	}
	get_bytes(c->r, room->p, len);
	coder_require(c, !memchr(room->p, '\0', len));
	room->p[len] = '\0';
	*s = room->p;
	room->p += len + 1;
	room->left -= len + 1;
}

static void code_strings(struct coder *c, uint32_t *n, const char **s, uint16_t max, struct text_room *room)
{
	uint16_t count = *n > max ? UINT16_MAX : (uint16_t)*n;
	code_enum16(c, &count, max + 1U);
	for (int i = 0; i < count && !coder_bad(c); i++)
		code_string(c, &s[i], room);
	if (c->r)
		*n = count;
}

static void code_shown(struct coder *c, struct deploy *d)
{
	code_name_or_none(c, d->task);
	code_text(c, d->image, sizeof d->image - 1);
	coder_require(c, image_ok(d->image));
}

static bool is_sealed(const struct coder *c, const struct deploy *d)
{
	const struct rbuf *r = c->r;
	return r ? r->len - r->pos >= 2 && r->p[r->pos] == 0xff && r->p[r->pos + 1] == 0xff : d->sealed.len > 0;
}

static void code_sealed(struct coder *c, struct deploy *d)
{
	code_const16(c, SEALED);
	code_blob(c, &d->sealed, DEPLOY_MAX);
	coder_require(c, d->sealed.len > 0 && !d->cwd[0] && !d->nargs && !d->nenv);
}

static void code_deploy(struct coder *c, struct deploy *d, struct text_room *room)
{
	code_shown(c, d);
	if (is_sealed(c, d)) {
		code_sealed(c, d);
		return;
	}
	code_text(c, d->cwd, CWD_MAX);
	code_strings(c, &d->nargs, d->args, TASK_ARGS_MAX, room);
	code_strings(c, &d->nenv, d->env, TASK_ENV_MAX, room);
	coder_require(c, d->cwd[0] == '\0' || d->cwd[0] == '/');
	for (uint32_t i = 0; i < d->nenv && !coder_bad(c); i++)
		coder_require(c, variable_ok(d->env[i]));
}

void deploy_put(struct wbuf *w, const struct deploy *d)
{
	struct coder c = coder_writing(w);
	size_t from = w->len;
	code_deploy(&c, (struct deploy *)d, NULL);
	if (w->len - from > DEPLOY_MAX)
		w->bad = true;
}

bool deploy_get(struct slice bytes, struct deploy *out, char *text, size_t text_cap)
{
	struct deploy d;
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct coder c = coder_reading(&r);
	struct text_room room = {text, text_cap};
	if (bytes.len > DEPLOY_MAX)
		return false;
	memset(&d, 0, sizeof d);
	code_deploy(&c, &d, &room);
	if (!rbuf_end(&r))
		return false;
	*out = d;
	return true;
}

bool deploy_split(struct slice bytes, struct slice *shown, struct slice *rest, bool *sealed)
{
	struct deploy d;
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct coder c = coder_reading(&r);
	memset(&d, 0, sizeof d);
	code_shown(&c, &d);
	if (r.bad || bytes.len > DEPLOY_MAX)
		return false;
	struct slice head = {bytes.p, r.pos}, tail = {bytes.p + r.pos, bytes.len - r.pos};
	bool under_seal = is_sealed(&c, &d);
	if (under_seal) {
		code_sealed(&c, &d);
		tail = d.sealed;
	}
	if (under_seal && !rbuf_end(&r))
		return false;
	*shown = head;
	*rest = tail;
	*sealed = under_seal;
	return true;
}
