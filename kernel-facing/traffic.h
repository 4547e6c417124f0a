/* Bytes that links have carried, from the kernel's own counters: one dump for all of a namespace. Layer 2. */
#ifndef ZEUS_TRAFFIC_H
#define ZEUS_TRAFFIC_H
#include <stdint.h>

struct traffic { int index; uint64_t rx_bytes, tx_bytes; };

/* A routing socket of this thread's namespace, close-on-exec: the descriptor or -errno. */
int traffic_socket(void);
/* Fills the counters of the n links of all, which are sorted by index; of a link that is gone they stay. */
int traffic_read(int fd, struct traffic *all, uint32_t n);
#endif
