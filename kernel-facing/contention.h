/* What the machine's own host takes from it: time in which a processor wanted to run and another guest ran. */
#ifndef ZEUS_CONTENTION_H
#define ZEUS_CONTENTION_H
#include <stdint.h>

/* From the text of /proc/stat, whose numbers count hz ticks a second: stolen, and spent on something. -EBADMSG: it is none. */
int contention_parse(const char *text, uint64_t hz, uint64_t *steal_us, uint64_t *busy_us);
int contention_read(uint64_t *steal_us, uint64_t *busy_us);
#endif
