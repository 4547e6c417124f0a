/* Steal and load of the machine, from the first line of /proc/stat.
 *
 * It knows that line's columns (proc_stat(5)). It does not know leases. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/contention.h"

#define US 1000000u

int contention_parse(const char *text, uint64_t hz, uint64_t *steal_us, uint64_t *busy_us)
{
	uint64_t user, nice, system, idle, wait, irq, soft, steal;
	if (!hz || sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &user,
	    &nice, &system, &idle, &wait, &irq, &soft, &steal) != 8)
		return -EBADMSG;
	*steal_us = steal * US / hz;
	*busy_us = (user + nice + system + irq + soft) * US / hz;
	return 0;
}

int contention_read(uint64_t *steal_us, uint64_t *busy_us)
{
	char text[512];
	autoclose int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n < 0)
		return -errno;
	text[n] = 0;
	return contention_parse(text, (uint64_t)sysconf(_SC_CLK_TCK), steal_us, busy_us);
}
