/* Reading and writing that go on until they are done.
 *
 * Knows short ones and interrupted ones; does not know files, nor when they are durable. */
#include "common/io.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "common/cleanup.h"

int io_write_all(int fd, const void *p, size_t len)
{
	const uint8_t *at = p;
	while (len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t io_read_to_end(int fd, void *p, size_t cap)
{
	uint8_t *at = p, more;
	size_t len = 0;
	for (;;) {
		ssize_t n = len < cap ? read(fd, at + len, cap - len) : read(fd, &more, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : (ssize_t)len;
		if (len == cap)
			return -E2BIG;
		len += (size_t)n;
	}
}

int io_read_whole(int fd, size_t max, uint8_t **p, size_t *len)
{
	autofree uint8_t *buf = NULL;
	size_t cap = 0, have = 0;
	for (;;) {
		if (have == cap) {
			cap = cap ? 2 * cap : 4096;
			uint8_t *more = realloc(buf, cap);
			if (!more)
				return -ENOMEM;
			buf = more;
		}
		ssize_t n = read(fd, buf + have, cap - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
		if (have > max)
			return -EFBIG;
	}
	*p = take_ptr(buf);
	*len = have;
	return 0;
}

int io_read_all(int fd, void *p, size_t len)
{
	uint8_t *at = p;
	while (len) {
		ssize_t n = read(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}
