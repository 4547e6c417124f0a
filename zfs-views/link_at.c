/* The books of an earlier height, over a connection of its own: the ledger sends them as it sends a snapshot.
 *
 * Knows the two messages. Does not know for whom; the facts are folded as any others. */
#include "common/cleanup.h"
#include "common/conn.h"
#include "zfs-views/link_priv.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fold(struct model *m, struct slice facts)
{
	autofree struct fact *f = malloc(sizeof *f);
	struct rbuf r = rbuf_on(facts.p, facts.len);
	while (f && fact_next(&r, f))
		model_fold(m, f);
	return f && rbuf_end(&r) ? 0 : -EBADMSG;
}

/* The next message, before the time is over. */
static int receive(int fd, uint8_t *buf, int64_t until, struct wire_head *head, struct slice *body)
{
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		int64_t left = until - now_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		int rc = conn_recv(fd, buf, head, body, MSG_DONTWAIT);
		if (rc != -EAGAIN)
			return rc;
	}
}

static int ask(int fd, uint64_t height, int64_t until, struct model *into, uint16_t *verdict)
{
	uint8_t out[16];
	struct wbuf w = wbuf_on(out, sizeof out);
	autofree uint8_t *buf = malloc(WIRE_MAX);
	struct wire_head head;
	struct slice body;
	wire_at_put(&w, &(struct wire_at){height});
	int rc = buf ? conn_send(fd, WIRE_AT, 1, out, w.len, 0) : -ENOMEM;
	while (rc == 0 && (rc = receive(fd, buf, until, &head, &body)) == 0) {
		struct wire_answer a;
		if (head.type == WIRE_ANSWER && wire_answer_get(body, &a)) {
			*verdict = a.verdict;
			return 0;
		}
		rc = head.type == WIRE_FACTS ? fold(into, body) : -EBADMSG;
	}
	return rc;
}

int link_at(void *arg, uint64_t height, struct model *into)
{
	struct link *l = arg;
	int64_t until = now_ms() + REPLY_TIMEOUT_MS;
	uint16_t verdict = V_BUSY;
	autoclose int fd = -1;
	if (conn_dial(l->path, &fd) < 0)
		return -EHOSTDOWN;
	int rc = ask(fd, height, until, into, &verdict);
	return rc ? rc : -verdict_errno((enum verdict)verdict);
}
