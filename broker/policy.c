/* What this machine's owner lets it sell: from the configuration, or half of what is there when nothing is said.
 *
 * The result bounds the privileged process's verbs and is what the node registers with the ledger. */
#include "broker/setup.h"
#include "broker/gpu_child.h"
#include "common/log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
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
}

static bool policy_gpus(struct kernel_policy *p, const struct conf *c, struct resources *half, char *why)
{
	char fake_dir[CONF_PATH_LEN + 8];
	struct gpu_config g = GPU_CONFIG;
	struct gpu_table *t;
	snprintf(fake_dir, sizeof(fake_dir), "%s/gpus", c->state_dir);
	g.wanted = c->gpus;
	g.fake = c->gpu_fake;
	g.fake_dir = fake_dir;
	if (c->cdi[0])
		g.cdi[0] = c->cdi, g.cdi[1] = NULL;
	g.ndevices = c->ndevices;
	g.devices = c->devices;
	int rc = kernel_gpus_find(&g, &t, why);
	if (rc < 0) {
		if (!why[0])
			snprintf(why, 256, "GPUs cannot be looked for: %s", strerror(-rc));
		return false;
	}
	if (why[0])
		log_warning("%s", why);
	gpu_child_learn(t, c->task_uid_base + GPU_UID);
	kernel_gpus_offer(t, p, half);
	return true;
}

bool policy_init(struct kernel_policy *p, const struct conf *c, char *why)
{
	struct resources half;
	memset(p, 0, sizeof(*p));
	policy_half(&half, c);
	if (!policy_gpus(p, c, &half, why))
		return false;
	for (int k = 0; k < RESOURCES; k++) {
		p->total.v[k] = c->offer_given >> k & 1 ? c->offer.v[k] : half.v[k];
		p->per_lease.v[k] = c->per_lease_given >> k & 1 ? c->per_lease.v[k] : p->total.v[k];
	}
	p->max_leases = c->max_leases;
	p->reach = c->reach;
	if (p->per_lease.v[RES_GPU] > DEVICES_PER_LEASE)
		p->per_lease.v[RES_GPU] = DEVICES_PER_LEASE;
	return true;
}
