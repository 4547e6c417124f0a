/* UDP into a lease's link, faster than it lets through.
 *
 * It knows frames and the socket's queue. It does not know the rate, nor who measures. */
#include "bench/flood.h"
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench/measure.h"
#include "common/cleanup.h"
#include "kernel-facing/netns.h"

#define HEADERS 42 /* Ethernet, IPv4, UDP */
#define QUEUED (128 * 1024) /* less than the shaper's queue holds: nothing is dropped, the sender waits */
#define POLL_MS 100
#define DRAIN_NS 20000000000ull

struct want { uint32_t ip; int fd; };

static int bound_socket(void *arg)
{
	struct want *w = arg;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(w->ip)};
	int size = QUEUED;
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0)
		return -errno;
	w->fd = take_fd(&fd);
	return 0;
}

int flood_open(struct flood *f, const char *netns, uint32_t base_ip, bool up)
{
	struct want host = {base_ip + 1, -1}, task = {base_ip + 2, -1};
	socklen_t len = sizeof f->to;
	int r = bound_socket(&host);
	r = r < 0 ? r : netns_call(netns, bound_socket, &task);
	f->out = up ? task.fd : host.fd;
	f->in = up ? host.fd : task.fd;
	if (r == 0 && getsockname(f->in, (struct sockaddr *)&f->to, &len) < 0)
		r = -errno;
	if (r < 0)
		flood_close(f);
	return r;
}

static int waiting(const struct flood *f)
{
	int n = -1;
	return ioctl(f->out, SIOCOUTQ, &n) < 0 ? -errno : n;
}

static int drain(const struct flood *f)
{
	uint64_t end = measure_now_ns() + DRAIN_NS;
	int n;
	while ((n = waiting(f)) > 0 && measure_now_ns() < end)
		usleep(1000);
	return n > 0 ? -ETIMEDOUT : n;
}

int flood_run(struct flood *f)
{
	static const size_t payload[] = {1472, 1472, 1472, 600, 64}; /* most bytes in full frames, as of a stream */
	static const char data[1472];
	for (size_t i = 0; !f->stop;) {
		size_t len = payload[i % (sizeof payload / sizeof *payload)];
		bool dry = waiting(f) == 0;
		if (sendto(f->out, data, len, 0, (const struct sockaddr *)&f->to, sizeof f->to) == (ssize_t)len) {
			f->frames++;
			f->bytes += len + HEADERS;
			f->dry += dry;
			i++;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){.fd = f->out, .events = POLLOUT}, 1, POLL_MS);
		} else {
			return -errno;
		}
	}
	return drain(f);
}

void flood_close(struct flood *f)
{
	if (f->out >= 0)
		close(f->out);
	if (f->in >= 0)
		close(f->in);
	f->out = f->in = -1;
}
