/* A wall clock that a test puts forward: preloaded into the programs of one installation, so that a day of the ledger's passes at once.
 *
 * The file that ZEUS_LATER names holds the seconds to add, as eight bytes; it may change at any time. All other clocks are the machine's:
 * what is measured is measured in time that really passed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int (*real)(clockid_t clock, struct timespec *t);
static const volatile int64_t *later;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("ZEUS_LATER");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *later, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	later = at == MAP_FAILED ? NULL : at;
	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int r = real(clock, t);
	if (r == 0 && clock == CLOCK_REALTIME && later)
		t->tv_sec += *later;
	return r;
}
