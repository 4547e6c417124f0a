/* A full memory holds a task rather than ending it.
 *
 * v1: the killer is switched off, and who needs a page sleeps until there is one; calls that ask the kernel for memory fail with ENOMEM.
 * v2 has no such switch: a threshold below the limit slows the task down, which leaves the time to freeze it; a burst that outruns it
 * ends in a kill. It does not know who freezes, nor why. */
#include <errno.h>
#include "kernel-facing/group.h"

#define MIB (1ULL << 20)
#define MARGIN_PART 32 /* of the memory, and at least a MiB, is kept for the way from the threshold to the freezer */

uint64_t group_oom_high(uint64_t max_bytes)
{
	uint64_t margin = max_bytes / MARGIN_PART;
	if (margin < MIB)
		margin = MIB;
	return max_bytes > 2 * margin ? max_bytes - margin : max_bytes;
}

/* The file and what it must hold: "max" is the kernel's own word for no threshold. */
static int setting(const struct group_host *h, const char *leaf, bool hold, uint64_t max_bytes, char path[HOST_PATH], uint64_t *want)
{
	*want = h->mode == GROUP_V2 ? (hold ? group_oom_high(max_bytes) : UINT64_MAX) : hold;
	return group_file(h, CTL_MEMORY, leaf, h->mode == GROUP_V2 ? "memory.high" : "memory.oom_control", path);
}

int group_oom_hold(const struct group_host *h, const char *leaf, bool hold, uint64_t max_bytes)
{
	char path[HOST_PATH];
	uint64_t want;
	int r = setting(h, leaf, hold, max_bytes, path, &want);
	return r < 0 ? r : want == UINT64_MAX ? host_write(path, "max") : host_write_u64(path, want);
}

int group_oom_differs(const struct group_host *h, const char *leaf, bool hold, uint64_t max_bytes)
{
	char path[HOST_PATH], text[256];
	uint64_t want, have;
	int r = setting(h, leaf, hold, max_bytes, path, &want);
	if (r == 0 && h->mode == GROUP_V2) {
		r = host_read_u64(path, &have);
		return r < 0 ? r : have / MIB != want / MIB; /* the kernel rounds to pages */
	}
	r = r < 0 ? r : host_read(path, text, sizeof text, NULL);
	return r < 0 ? r : !host_keyed(text, "oom_kill_disable", &have) || have != want;
}
