/* Ask and answer on one descriptor: an exchange file's reply and where the kernel will ask for it (INTERFACE 3.4). */
#ifndef ZEUS_EXCHANGE_H
#define ZEUS_EXCHANGE_H
#include "zfs-views/tree.h"

struct exchange { struct page reply; uint64_t base; };

void exchange_begin(struct exchange *x);                                     /* a write came: the old answer is gone */
void exchange_wrote(struct exchange *x, uint64_t off, size_t size);           /* it was taken: reads follow at off + size */
/* The part of the answer that a read of size at off gets; borrowed. */
struct slice exchange_read(const struct exchange *x, uint64_t off, size_t size);
void exchange_free(struct exchange *x);
#endif
