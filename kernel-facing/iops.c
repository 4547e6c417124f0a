/* Operations per second in the kernel's files: blkio.throttle on v1, io.max on v2.
 *
 * It knows spellings and devices. It does not know leases, or how a disk came to be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "kernel-facing/iops.h"

#define TEXT_CAP 4096

static const char *const v1_files[] = {"task/blkio.throttle.read_iops_device", "task/blkio.throttle.write_iops_device"};
static const char *const v2_keys[] = {"riops=", "wiops="};

struct block_device iops_disk_of(const char *path)
{
	struct block_device none = {0, 0};
	struct stat st;
	char sys[HOST_PATH], text[64];
	unsigned ma, mi;
	if (stat(path, &st) < 0 || major(st.st_dev) == 0)
		return none;
	ma = major(st.st_dev);
	mi = minor(st.st_dev);
	/* The kernel holds whole disks only. */
	if (host_path(sys, "/sys/dev/block/%u:%u/partition", ma, mi) == 0 && host_exists(sys) &&
	    (host_path(sys, "/sys/dev/block/%u:%u/../dev", ma, mi) < 0 || host_read(sys, text, sizeof text, NULL) < 0 ||
	     sscanf(text, "%u:%u", &ma, &mi) != 2))
		return none;
	return (struct block_device){ma, mi};
}

bool iops_possible(const struct group_host *h)
{
	char path[HOST_PATH], text[256];
	if (h->mode != GROUP_V2)
		return h->ctl[CTL_BLKIO][0] && host_path(path, "%s/blkio.throttle.read_iops_device", h->ctl[CTL_BLKIO]) == 0 &&
		       host_exists(path);
	if (host_path(path, "%s/%s/io.max", h->v2, h->base) < 0 || !host_exists(path) ||
	    host_path(path, "%s/%s/cgroup.subtree_control", h->v2, h->base) < 0 || host_read(path, text, sizeof text, NULL) < 0)
		return false;
	return strstr(text, "io") != NULL; /* no other controller's name holds it */
}

/* The rest of the device's line, or NULL. */
static const char *line_of(const char *text, const struct block_device *d)
{
	char key[32];
	int n = snprintf(key, sizeof key, "%u:%u ", d->major, d->minor);
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, key, (size_t)n))
			return p + n;
	}
	return NULL;
}

static uint32_t value_at(const char *p)
{
	char *end;
	unsigned long long v = strtoull(p, &end, 10);
	return end == p || v > IOPS_NO_LIMIT ? IOPS_NO_LIMIT : (uint32_t)v; /* "max" */
}

/* text: of the file that holds this kind. */
static uint32_t limit_in(const struct group_host *h, const char *text, const struct block_device *d, int kind)
{
	const char *line = line_of(text, d);
	if (line && h->mode == GROUP_V2) {
		const char *end = strchr(line, '\n'), *key = strstr(line, v2_keys[kind]);
		return key && (!end || key < end) ? value_at(key + strlen(v2_keys[kind])) : IOPS_NO_LIMIT;
	}
	return line ? value_at(line) : IOPS_NO_LIMIT;
}

static int file_of(const struct group_host *h, const char *leaf, int kind, char out[HOST_PATH])
{
	return group_file(h, CTL_BLKIO, leaf, h->mode == GROUP_V2 ? "io.max" : v1_files[kind], out);
}

/* v2 refuses to hold anything to one. */
static uint32_t holdable(const struct group_host *h, uint32_t per_s) { return h->mode == GROUP_V2 && per_s == 1 ? 2 : per_s; }

int iops_read(const struct group_host *h, const char *leaf, const struct iops_devices *devices, uint32_t per_s, uint32_t *have)
{
	char path[HOST_PATH], text[TEXT_CAP];
	uint32_t want = per_s ? holdable(h, per_s) : IOPS_NO_LIMIT, found = want;
	for (int kind = 0; kind < 2; kind++) {
		int r = file_of(h, leaf, kind, path);
		r = r < 0 ? r : host_read(path, text, sizeof text, NULL);
		if (r < 0)
			return r;
		for (int i = 0; i < IOPS_DEVICES && found == want; i++)
			if (devices->of[i].major)
				found = limit_in(h, text, &devices->of[i], kind);
	}
	*have = found == want ? per_s : found;
	return 0;
}

static int put(const struct group_host *h, const char *leaf, const struct block_device *d, uint32_t per_s)
{
	char path[HOST_PATH], text[96], number[16] = "max";
	if (h->mode == GROUP_V2) {
		if (per_s)
			snprintf(number, sizeof number, "%u", holdable(h, per_s));
		snprintf(text, sizeof text, "%u:%u riops=%s wiops=%s", d->major, d->minor, number, number);
		int r = file_of(h, leaf, 0, path);
		return r < 0 ? r : host_write(path, text);
	}
	int r = 0;
	snprintf(text, sizeof text, "%u:%u %u", d->major, d->minor, per_s);
	for (int kind = 0; r == 0 && kind < 2; kind++) {
		r = file_of(h, leaf, kind, path);
		r = r < 0 ? r : host_write(path, text);
	}
	return r;
}

int iops_set(const struct group_host *h, const char *leaf, const struct iops_devices *devices, uint32_t per_s)
{
	uint32_t have = per_s;
	int r = 0;
	for (int i = 0; r == 0 && i < IOPS_DEVICES; i++)
		if (devices->of[i].major)
			r = put(h, leaf, &devices->of[i], per_s);
	r = r < 0 ? r : iops_read(h, leaf, devices, per_s, &have);
	return r < 0 ? r : have == per_s ? 0 : -EIO;
}
