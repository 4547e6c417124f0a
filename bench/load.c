/* Transfers on their way into a running ledger.
 *
 * It knows the ledger's socket, and how to sign with the keys of a ledger that was made for the measurement. It does not know the ledger's
 * inside; that the blocks are right is checked afterwards by zeus-ledger --verify (ledger.sh). */
#include "bench/load.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench/measure.h"

#define BURST 64
#define STALL_MS 10000
#define LOAD_TX_MAX (WIRE_MAX - WIRE_HEAD_LEN - 4)

/* --- making the load ------------------------------------------------------------------------------------------------------ */

static void greet(struct load *l, int fd)
{
	static uint8_t in[WIRE_MAX];
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof body);
	struct wire_hello hello = {.height = UINT64_MAX};
	struct wire_head head;
	struct slice got;
	struct wire_welcome welcome;
	wire_hello_put(&w, &hello);
	if (conn_send(fd, WIRE_HELLO, 1, body, w.len, 0) < 0 || conn_recv(fd, in, &head, &got, 0) < 0 || head.type != WIRE_WELCOME ||
	    !wire_welcome_get(got, &welcome))
		measure_fail("the ledger does not greet");
	l->genesis = welcome.genesis;
	l->chain_id = welcome.chain_id;
	l->height = welcome.height;
}

static void transfer_fill(const struct load *l, uint32_t sender, uint64_t serial, struct tx *tx)
{
	struct tx_transfer *x = &tx->u.transfer;
	uint32_t to = l->plan.hot ? LOAD_SENDERS - 1 : (uint32_t)((sender + 1 + serial % (LOAD_SENDERS - 1)) % LOAD_SENDERS);
	tx->type = TX_TRANSFER;
	memcpy(x->cid.b, &serial, sizeof serial);
	memcpy(x->cid.b + sizeof serial, &sender, sizeof sender);
	x->cid.b[CID_LEN - 1] = l->plan.hot;
	x->to = l->address[to];
	x->amount = money_of(1);
}

/* req: the packet's place among its client's, from 1; its answer comes back with it. */
static void make_packet(struct load *l, uint32_t sender, uint64_t req, struct packet *out)
{
	static _Thread_local uint8_t ops[LOAD_TX_MAX], envelope[LOAD_TX_MAX], message[WIRE_MAX];
	static _Thread_local struct tx tx, part;
	uint64_t nonce = l->nonce[sender]++;
	struct wbuf w = wbuf_on(envelope, sizeof envelope), p = wbuf_on(message, sizeof message), o = wbuf_on(ops, sizeof ops);
	memset(&tx, 0, sizeof tx);
	if (l->plan.parts == 1)
		transfer_fill(l, sender, nonce * 4096, &tx);
	for (uint32_t i = 0; l->plan.parts > 1 && i < l->plan.parts; i++) {
		memset(&part.u.transfer, 0, sizeof part.u.transfer);
		transfer_fill(l, sender, nonce * 4096 + i, &part);
		tx_batch_put(&o, &part);
	}
	if (l->plan.parts > 1) {
		tx.type = TX_BATCH;
		tx.u.batch = (struct tx_batch){{ops, o.len}, l->plan.parts};
	}
	tx.chain_id = l->chain_id;
	tx.sender = l->address[sender];
	tx.nonce = nonce;
	tx.valid_until = l->height + 1000000;
	sign_tx(keystore_key(l->keys, LOAD_UID_BASE + sender), &l->genesis, &tx, &w);
	wire_head_put(&p, &(struct wire_head){.type = WIRE_SUBMIT, .len = (uint32_t)w.len + 4, .req = req});
	put_blob(&p, envelope, w.len);
	out->bytes = malloc(p.len + 1);
	if (w.bad || p.bad || o.bad || !out->bytes)
		measure_fail("a transaction does not fit");
	memcpy(out->bytes, message, p.len);
	out->len = (uint32_t)p.len;
}

struct signer { struct load *l; uint32_t client; };

/* A client sends for its own senders in turn, so each sender's nonces arrive in order. Who is paid by all does not pay. */
static void *sign_client(void *arg)
{
	const struct signer *s = arg;
	uint32_t own = LOAD_SENDERS / LOAD_CLIENTS, pay = own - (s->l->plan.hot && s->client == LOAD_CLIENTS - 1);
	for (uint32_t i = 0; i < s->l->per_client; i++)
		make_packet(s->l, s->client * own + i % pay, i + 1, &s->l->packet[s->client * s->l->per_client + i]);
	return NULL;
}

static void packets_drop(struct load *l)
{
	for (uint32_t i = 0; l->packet && i < LOAD_CLIENTS * l->per_client; i++)
		free(l->packet[i].bytes);
	free(l->packet);
	l->packet = NULL;
}

void load_sign(struct load *l, const struct load_plan *plan)
{
	pthread_t thread[LOAD_CLIENTS];
	struct signer signer[LOAD_CLIENTS];
	packets_drop(l);
	l->plan = *plan;
	l->per_client = plan->rounds * plan->n / LOAD_CLIENTS;
	l->packet = calloc((size_t)LOAD_CLIENTS * l->per_client, sizeof *l->packet);
	if (!l->packet)
		measure_fail("no memory");
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++) {
		signer[i] = (struct signer){l, i};
		if (pthread_create(&thread[i], NULL, sign_client, &signer[i]))
			measure_fail("no thread");
		struct client *c = &l->client[i];
		*c = (struct client){.fd = c->fd, .packet = &l->packet[i * l->per_client], .window = plan->window};
	}
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++)
		pthread_join(thread[i], NULL);
}

size_t load_signed_len(const struct load *l)
{
	/* head of the message, blob's length; at the end the number of signatures, key and signature; in front tag and genesis */
	return l->packet[0].len - WIRE_HEAD_LEN - 4u - 97u + sizeof "zeus/tx/1" + 32u;
}

/* --- the way through --------------------------------------------------------------------------------------------------------- */

static void send_some(struct client *c)
{
	struct mmsghdr m[BURST];
	struct iovec v[BURST];
	c->full = false;
	while (c->sent < c->n && c->sent - c->answered < c->window) {
		uint32_t n = 0;
		for (; n < BURST && c->sent + n < c->n && c->sent + n - c->answered < c->window; n++) {
			struct packet *p = &c->packet[c->sent + n];
			v[n] = (struct iovec){p->bytes, p->len};
			m[n] = (struct mmsghdr){.msg_hdr = {.msg_iov = &v[n], .msg_iovlen = 1}};
		}
		int done = sendmmsg(c->fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done < 0 && errno != EAGAIN)
			measure_fail("the ledger went away: %s", strerror(errno));
		c->sent += done > 0 ? (uint32_t)done : 0;
		c->full = done < (int)n;
		if (c->full)
			return;
	}
}

static void take_answer(struct client *c, const uint8_t *p, size_t len)
{
	struct rbuf r = rbuf_on(p, len);
	struct wire_head head;
	struct wire_answer a;
	if (!wire_head_get(&r, &head) || head.type != WIRE_ANSWER || !wire_answer_get((struct slice){p + r.pos, len - r.pos}, &a))
		measure_fail("the ledger sent something else than an answer");
	if (a.verdict != V_OK || a.height == 0)
		measure_fail("a transfer was refused: %s", verdict_text((enum verdict)a.verdict));
	c->answered++;
	if (!c->late)
		return;
	uint64_t k = head.req - 1 - c->first;
	if (head.req <= c->first || k >= c->n - c->first)
		measure_fail("an answer to what was not sent");
	c->late[k] = (double)measure_now_ns() - (double)(c->start_ns + k * c->every_ns);
}

static void recv_some(struct client *c)
{
	static uint8_t in[BURST][128];
	struct mmsghdr m[BURST];
	struct iovec v[BURST];
	int n = BURST;
	while (n == BURST) {
		for (int i = 0; i < BURST; i++) {
			v[i] = (struct iovec){in[i], sizeof in[i]};
			m[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &v[i], .msg_iovlen = 1}};
		}
		n = recvmmsg(c->fd, m, BURST, MSG_DONTWAIT, NULL);
		if (n < 0 && errno != EAGAIN)
			measure_fail("the ledger went away: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			take_answer(c, in[i], m[i].msg_len);
	}
}

/* Sends what each client may, waits, takes answers: `wait_ns` at most if that is not 0. How many of what may be sent are not answered. */
static uint32_t clients_turn(struct client client[LOAD_CLIENTS], uint64_t wait_ns)
{
	struct pollfd p[LOAD_CLIENTS];
	struct timespec wait = {(time_t)(wait_ns / 1000000000), (long)(wait_ns % 1000000000)}, stall = {STALL_MS / 1000, 0};
	uint32_t left = 0;
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++) {
		send_some(&client[i]);
		p[i] = (struct pollfd){client[i].fd, POLLIN | (client[i].full ? POLLOUT : 0), 0};
	}
	if (ppoll(p, LOAD_CLIENTS, wait_ns ? &wait : &stall, NULL) <= 0 && !wait_ns)
		measure_fail("the ledger answers no more");
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++) {
		if (p[i].revents)
			recv_some(&client[i]);
		left += client[i].n - client[i].answered;
	}
	return left;
}

uint64_t load_round(struct load *l, uint32_t round)
{
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++)
		l->client[i].n = (round + 1) * l->plan.n / LOAD_CLIENTS;
	uint64_t start = measure_now_ns();
	while (clients_turn(l->client, 0))
		;
	return measure_now_ns() - start;
}

/* What is due by now; *next_ns: until the next is, 0 if all are. */
static void client_due(struct client *c, uint32_t end, uint64_t now, uint64_t *next_ns)
{
	uint64_t due = now < c->start_ns ? 0 : (now - c->start_ns) / c->every_ns + 1, left = end - c->first;
	c->n = c->first + (uint32_t)(due < left ? due : left);
	uint64_t wait = c->start_ns + due * c->every_ns - now;
	if (due < left && (!*next_ns || wait < *next_ns))
		*next_ns = wait ? wait : 1;
}

uint64_t load_paced(struct load *l, uint32_t round, double rate, double *late)
{
	uint32_t each = l->plan.n / LOAD_CLIENTS;
	uint64_t start = measure_now_ns(), apart = (uint64_t)(1e9 * l->plan.parts / rate), next = 1;
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++) {
		struct client *c = &l->client[i];
		c->first = round * each;
		c->late = late + i * each;
		c->start_ns = start + i * apart;
		c->every_ns = LOAD_CLIENTS * apart;
	}
	while (next || clients_turn(l->client, 0)) {
		uint64_t now = measure_now_ns();
		next = 0;
		for (uint32_t i = 0; i < LOAD_CLIENTS; i++)
			client_due(&l->client[i], (round + 1) * each, now, &next);
		if (next)
			clients_turn(l->client, next);
	}
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++)
		l->client[i].late = NULL;
	return measure_now_ns() - start;
}

/* --- life -------------------------------------------------------------------------------------------------------------------- */

void load_open(struct load *l, const char *socket_path, const char *keys)
{
	char why[256] = "";
	memset(l, 0, sizeof *l);
	if (sign_init() < 0 || keystore_open(keys, false, &l->keys, why) < 0)
		measure_fail("%s", why);
	for (uint32_t i = 0; i < LOAD_SENDERS; i++)
		if (!keystore_address(l->keys, LOAD_UID_BASE + i, &l->address[i]))
			measure_fail("there is no key for %u", LOAD_UID_BASE + i);
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++)
		if (conn_dial(socket_path, &l->client[i].fd) < 0)
			measure_fail("cannot connect to %s", socket_path);
	int fd;
	if (conn_dial(socket_path, &fd) < 0)
		measure_fail("cannot connect to %s", socket_path);
	greet(l, fd);
	close(fd);
}

void load_close(struct load *l)
{
	for (uint32_t i = 0; i < LOAD_CLIENTS; i++)
		close(l->client[i].fd);
	packets_drop(l);
	keystore_close(l->keys);
}
