/* A world of random commands on the driver of the books. */
#ifndef ZEUS_TEST_BOOKS_RANDOM_H
#define ZEUS_TEST_BOOKS_RANDOM_H
#include "tests/books_driver.h"

#define RANDOM_RICH 100000000000ULL
#define RANDOM_ACCOUNTS 12
#define RANDOM_ORDERS 64
#define RANDOM_PER_ROUND 6

struct random_world {
	struct rig rig; uint64_t seed; struct id order[RANDOM_ORDERS]; uint32_t norders, opened;
	bool fickle; /* accounts turn to another symbol every twenty rounds, hence to another lane */
	uint8_t buf[1 << 16];
};
struct random_world *random_open(uint64_t seed, const struct genesis *g);
void random_round(struct random_world *w); /* with up to RANDOM_PER_ROUND commands, and time that passes by chance */
void random_close(struct random_world *w);
#endif
