/* How full the state's file system is, and a file held in reserve so that a full disk still lets the last blocks out. */
#ifndef ZEUS_DISK_H
#define ZEUS_DISK_H
#include <stdbool.h>
#include <stdint.h>

enum disk_state { DISK_OK, DISK_LOW, DISK_FULL }; /* low: no new transactions; full: no blocks either */
struct disk { char dir[256]; uint64_t checked_ms; enum disk_state state; };
void disk_init(struct disk *d, const char *dir);
enum disk_state disk_look(struct disk *d, uint64_t now_ms);  /* asks the kernel: before every write, since one that fails is the end */
enum disk_state disk_check(struct disk *d, uint64_t now_ms); /* the same, once a second at most: for every transaction */
#endif
