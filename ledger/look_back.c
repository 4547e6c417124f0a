/* The books of an earlier height for one reader: read and proved on another thread, then sent as a snapshot is.
 *
 * Knows: that one such reading at a time is enough for a machine, and that the client may be gone when it is done. Does not know: how past
 * books are had (archive_past.c). */
#include "common/log.h"
#include "ledger/server.h"
#include "ledger/stream.h"
#include <stdlib.h>

struct look { struct server *s; uint64_t client, req; struct archive_past *p; uint8_t *facts; size_t len; int rc; char why[256]; };

static void look_work(void *arg)
{
	struct look *l = arg;
	l->rc = archive_past_load(l->p, l->why);
	if (l->rc == 0)
		stream_books(archive_past_state(l->p), archive_past_chain(l->p), &l->facts, &l->len);
}

static void look_answer(struct look *l, struct client *c)
{
	uint8_t bytes[64];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct wire_answer a = {.verdict = l->rc < 0 ? V_NO_STATE : V_OK};
	wire_answer_put(&w, &a);
	if (l->rc == 0) {
		client_facts(c, l->facts, l->len);
		l->facts = NULL;
	}
	client_send(c, WIRE_ANSWER, l->req, bytes, w.len, l->rc < 0 ? 0 : STREAM_ENDED);
	client_flush(c);
}

static void look_done(void *arg)
{
	struct look *l = arg;
	struct client *c = l->s ? server_client(l->s, l->client) : NULL;
	if (l->rc < 0)
		log_error("past books: %s", l->why);
	if (c)
		look_answer(l, c);
	if (l->s)
		*server_look(l->s) = NULL;
	archive_past_free(l->p);
	free(l->facts);
	free(l);
}

void look_away(struct look *l) { l->s = NULL; }

bool look_back(struct server *s, struct client *c, uint64_t req, struct archive_past *p)
{
	struct look *l = *server_look(s) ? NULL : calloc(1, sizeof *l);
	if (!l)
		return false;
	*l = (struct look){.s = s, .client = client_id(c), .req = req, .p = p};
	*server_look(s) = l;
	if (loop_work(server_loop(s), look_work, look_done, l) < 0)
		abort();
	return true;
}
