/* A load of transfers for a running ledger: signed beforehand, sent by several clients with a bounded number unanswered.
 *
 * Every one must be answered well. An answer comes after the block that holds the transaction is durable. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H
#include "common/conn.h"
#include "ledger/keystore.h"

#define LOAD_UID_BASE 100000u
#define LOAD_SENDERS 60u       /* accounts that `bench_init` of common.sh gives to --init */
#define LOAD_CLIENTS 4u
#define LOAD_ROUNDS_MAX 16u

/* What is sent: n envelopes a round, of `parts` transfers each (1: a plain TRANSFER, else a BATCH); window: unanswered ones of a client. */
struct load_plan { uint32_t rounds, n, parts, window; bool hot; /* all pay one account */ };
struct packet { uint8_t *bytes; uint32_t len; };
/* late: of each packet from when it was due to its answer, nanoseconds; NULL: nobody asks. Packet first + k is due at start + k * every. */
struct client {
	int fd; struct packet *packet; uint32_t n, sent, answered, window; bool full;
	double *late; uint64_t start_ns, every_ns; uint32_t first;
};
struct load {
	struct id genesis; uint32_t chain_id; uint64_t height;
	struct keystore *keys;
	struct address address[LOAD_SENDERS];
	uint64_t nonce[LOAD_SENDERS];
	struct load_plan plan;
	struct packet *packet;         /* by client, then by round, then in order */
	uint32_t per_client;
	struct client client[LOAD_CLIENTS];
};

/* Connects and reads the keys. */
void load_open(struct load *l, const char *socket_path, const char *keys);
void load_close(struct load *l);
/* Makes and signs everything that the plan says; the clients' windows are empty again. */
void load_sign(struct load *l, const struct load_plan *plan);
/* One round through every client; nanoseconds from the first byte sent to the last answer. */
uint64_t load_round(struct load *l, uint32_t round);
/* The same at `rate` transfers a second, whether answers come or not: late[i] (plan.n of them) is how long a packet waited for its answer
 * from the moment when it was due, nanoseconds. */
uint64_t load_paced(struct load *l, uint32_t round, double rate, double *late);
/* Bytes of an envelope that its signature covers, with tag and genesis. */
size_t load_signed_len(const struct load *l);
#endif
