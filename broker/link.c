/* Facts in, intents out. One socket, never blocking on reading; what was asked is remembered until it is answered or the link falls.
 *
 * Knows the wire, not what a lease needs. A fallen link forgets what was asked: whoever asked asks again when it sees that nothing changed.
 */
#include "broker/link.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void link_init(struct link *l, const char *path, uint32_t operator_uid)
{
	memset(l, 0, sizeof(*l));
	l->path = path;
	l->fd = -1;
	l->operator_uid = operator_uid;
}

void link_close(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->welcomed = l->caught_up = false;
	l->nasked = 0;
}

int link_connect(struct link *l, const struct leases *books)
{
	int rc = conn_dial(l->path, &l->fd);
	if (rc < 0) {
		l->fd = -1;
		return rc;
	}
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof(body));
	struct wire_hello hello = {.height = books->height, .hash = books->hash};
	wire_hello_put(&w, &hello);
	rc = conn_send(l->fd, WIRE_HELLO, 0, body, w.len, 0);
	if (rc < 0)
		link_close(l);
	return rc;
}

static bool link_take_asked(struct link *l, uint64_t req, struct asked *out)
{
	for (uint32_t i = 0; i < l->nasked; i++) {
		if (l->asked[i].req != req)
			continue;
		*out = l->asked[i];
		l->asked[i] = l->asked[--l->nasked];
		return true;
	}
	return false;
}

static bool link_welcome(struct link *l, struct leases *books, struct slice body)
{
	struct wire_welcome m;
	if (!wire_welcome_get(body, &m))
		return false;
	books->node_op = m.node_op;
	l->welcome_height = m.height;
	l->welcomed = true;
	l->caught_up = books->height != UINT64_MAX && books->height >= m.height;
	return true;
}

static bool link_facts(struct link *l, struct leases *books, struct slice body)
{
	struct rbuf r = rbuf_on(body.p, body.len);
	struct fact f;
	while (fact_next(&r, &f))
		leases_fold(books, &f);
	l->caught_up = l->welcomed && books->height != UINT64_MAX && books->height >= l->welcome_height;
	return !r.bad;
}

static bool link_message(struct link *l, struct leases *books, const struct wire_head *h, struct slice body,
    void (*answered)(void *, const struct asked *, const struct wire_answer *), void *arg)
{
	struct wire_answer answer;
	struct asked asked;
	switch (h->type) {
	case WIRE_WELCOME:
		return link_welcome(l, books, body);
	case WIRE_FACTS:
		return link_facts(l, books, body);
	case WIRE_UIDS:
		return true;
	case WIRE_ANSWER:
		if (!wire_answer_get(body, &answer))
			return false;
		if (link_take_asked(l, h->req, &asked))
			answered(arg, &asked, &answer);
		return true;
	}
	return false;
}

int link_read(struct link *l, struct leases *books, void (*answered)(void *, const struct asked *, const struct wire_answer *), void *arg)
{
	struct wire_head head;
	struct slice body;
	int rc;
	while ((rc = conn_recv(l->fd, l->buf, &head, &body, MSG_DONTWAIT)) == 0) {
		if (!link_message(l, books, &head, body, answered, arg)) {
			link_close(l);
			return -EBADMSG;
		}
	}
	if (rc == -EAGAIN)
		return 0;
	link_close(l);
	return rc;
}

/* Remember the question before it is sent: the answer may be there at once. */
static int link_ask(struct link *l, uint8_t type, const struct wbuf *w, enum asked_kind kind, const struct lease_name *lease)
{
	if (l->fd < 0 || !l->caught_up)
		return -ENOTCONN;
	if (w->bad)
		return -EMSGSIZE;
	if (l->nasked == LINK_ASKED_MAX)
		return -EAGAIN;
	uint64_t req = ++l->next_req;
	struct asked *a = &l->asked[l->nasked++];
	*a = (struct asked){.req = req, .kind = kind};
	if (lease)
		a->lease = *lease;
	int rc = conn_send(l->fd, type, req, w->p, w->len, MSG_DONTWAIT);
	if (rc == -EAGAIN)
		l->nasked--; /* a ledger that does not read must not stop the meters */
	else if (rc < 0)
		link_close(l);
	return rc;
}

static int link_intent(struct link *l, const struct tx *tx, enum asked_kind kind, const struct lease_name *lease)
{
	uint8_t body[4096], message[4096 + 64];
	struct wbuf b = wbuf_on(body, sizeof(body)), w = wbuf_on(message, sizeof(message));
	tx_body_put(&b, tx);
	struct wire_intent m = {.uid = l->operator_uid, .type = tx->type, .scope = tx->scope, .body = {body, b.len}};
	wire_intent_put(&w, &m);
	w.bad |= b.bad;
	return link_ask(l, WIRE_INTENT, &w, kind, lease);
}

int link_register(struct link *l, const char *node_name, const struct resources *caps)
{
	struct tx tx = {.type = TX_NODE_REG}; /* op_pk zero: the ledger fills in its node key */
	snprintf(tx.u.node_reg.name, sizeof(tx.u.node_reg.name), "%s", node_name);
	tx.u.node_reg.caps = *caps;
	return link_intent(l, &tx, ASKED_NODE, NULL);
}

int link_ready(struct link *l, const struct lease *lease, const char *endpoint)
{
	struct tx tx = {.type = TX_READY, .scope = lease->id};
	snprintf(tx.u.ready.endpoint, sizeof(tx.u.ready.endpoint), "%s", endpoint);
	return link_intent(l, &tx, ASKED_READY, &lease->name);
}

int link_quit(struct link *l, const struct lease *lease)
{
	struct tx tx = {.type = TX_EVENT, .scope = lease->id};
	snprintf(tx.u.event.event, sizeof(tx.u.event.event), "quit");
	return link_intent(l, &tx, ASKED_QUIT, &lease->name);
}

int link_change(struct link *l, const struct lease *lease, const char *event, uint64_t why)
{
	struct tx tx = {.type = TX_EVENT, .scope = lease->id};
	snprintf(tx.u.event.event, sizeof(tx.u.event.event), "%s", event);
	tx.u.event.arg[0] = lease->fact.change_rev;
	tx.u.event.arg[1] = why;
	return link_intent(l, &tx, ASKED_CHANGE, &lease->name);
}

/* One message a receipt set; each answer is the set's. More than one set is needed only above what a message holds. */
int link_receipts(struct link *l, const struct usage_receipt *r, struct lease *const *lease, uint32_t n)
{
	enum { PER_MESSAGE = 256 };
	uint8_t message[4 + PER_MESSAGE * USAGE_RECEIPT_LEN];
	for (uint32_t at = 0; at < n; at += PER_MESSAGE) {
		uint32_t count = n - at < PER_MESSAGE ? n - at : PER_MESSAGE;
		struct wbuf w = wbuf_on(message, sizeof(message));
		put_u32(&w, count);
		for (uint32_t i = 0; i < count; i++)
			usage_receipt_put(&w, &r[at + i]);
		int rc = link_ask(l, WIRE_PREPARE_USAGE, &w, ASKED_RECEIPT, NULL);
		if (rc < 0)
			return rc;
		for (uint32_t i = 0; i < count; i++)
			lease[at + i]->run.receipt_sent = true, lease[at + i]->run.receipt_req = l->next_req;
	}
	return 0;
}
