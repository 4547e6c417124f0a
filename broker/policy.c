/* What this machine's owner lets it sell: from the configuration, or half of what is there when nothing is said.
 *
 * The result bounds the privileged process's verbs and is what the node registers with the ledger. */
#include "broker/setup.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define OFFER_KBPS 1000000 /* each way, when nothing is said: one gigabit */
#define OFFER_IOPS 100000
#define OFFER_CONN 10000
#define OFFER_PIDS 8192

static uint32_t policy_clip(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static void policy_half(struct resources *r, const struct conf *c)
{
	struct sysinfo info;
	struct statvfs fs;
	memset(r, 0, sizeof(*r));
	r->v[RES_CPU_MILLI] = policy_clip((uint64_t)sysconf(_SC_NPROCESSORS_ONLN) * 500);
	if (sysinfo(&info) == 0)
		r->v[RES_MEM_MIB] = policy_clip((uint64_t)info.totalram * info.mem_unit / 2 >> 20);
	if (statvfs(c->state_dir, &fs) == 0)
		r->v[RES_DISK_MIB] = policy_clip((uint64_t)fs.f_bavail * fs.f_frsize / 2 >> 20);
	r->v[RES_UP_KBPS] = r->v[RES_DOWN_KBPS] = OFFER_KBPS;
	r->v[RES_IOPS] = OFFER_IOPS;
	r->v[RES_CONN] = OFFER_CONN;
	r->v[RES_PIDS] = OFFER_PIDS;
	r->v[RES_GPU] = c->ndevices;
}

bool policy_init(struct kernel_policy *p, const struct conf *c, char *why)
{
	struct resources half;
	memset(p, 0, sizeof(*p));
	policy_half(&half, c);
	for (int k = 0; k < RESOURCES; k++) {
		p->total.v[k] = c->offer_given >> k & 1 ? c->offer.v[k] : half.v[k];
		p->per_lease.v[k] = c->per_lease_given >> k & 1 ? c->per_lease.v[k] : p->total.v[k];
	}
	p->max_leases = c->max_leases;
	p->reach = c->reach;
	for (uint32_t i = 0; i < c->ndevices; i++) {
		struct stat st;
		if (stat(c->devices[i], &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))) {
			snprintf(why, 256, "device = %s: it is not a device of this machine", c->devices[i]);
			return false;
		}
		p->devices[p->ndevices++] = (struct device_rule){S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev), minor(st.st_rdev)};
	}
	return true;
}
