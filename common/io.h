/* Whole reads and writes. */
#ifndef ZEUS_IO_H
#define ZEUS_IO_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All of it, whatever the pieces and signals; 0 or -errno. */
int io_write_all(int fd, const void *p, size_t len);
/* Up to the end; how many, or -errno; -E2BIG: there are more than cap. */
ssize_t io_read_to_end(int fd, void *p, size_t cap);
/* All there is, from where the descriptor stands to its end: *p is the caller's to free. 0, -EFBIG over max bytes, or -errno. */
int io_read_whole(int fd, size_t max, uint8_t **p, size_t *len);
/* Exactly so many bytes; 0, -ENODATA if the file ends before them, or -errno. */
int io_read_all(int fd, void *p, size_t len);
#endif
