/* A sender of UDP that fills a lease's link in one direction, and a receiver that only takes up what comes. */
#ifndef BENCH_FLOOD_H
#define BENCH_FLOOD_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* In memory that both processes see. */
struct flood {
	volatile int stop;
	volatile uint64_t frames, bytes; /* sent; bytes of layer 2 */
	volatile uint64_t dry;           /* how often nothing was waiting when the next was sent: the sender was too slow */
	int out, in;
	struct sockaddr_in to;
};

/* base_ip: of the lease's /30, in host order. up: from the lease to its host. 0 or -errno. */
int flood_open(struct flood *f, const char *netns, uint32_t base_ip, bool up);
/* Until stop; then until all has left the link's queue. 0 or -errno. */
int flood_run(struct flood *f);
void flood_close(struct flood *f);
#endif
