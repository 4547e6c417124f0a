/* What the machine has.
 *
 * It knows where to look. It does not know what is offered: that is the policy's. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <dirent.h>
#include "kernel-facing/device.h"
#include "kernel-facing/direct.h"

#define RATE_UNKNOWN_KBPS 1000000u /* a link that does not tell its speed is taken for a gigabit */

static uint32_t cpus(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (uint32_t)CPU_COUNT(&set);
}

/* Fastest physical link: one that has a device behind it. */
static uint32_t link_kbps(void)
{
	uint64_t best = 0;
	DIR *d = opendir("/sys/class/net");
	for (struct dirent *e; d && (e = readdir(d));) {
		char device[HOST_PATH], speed[HOST_PATH];
		uint64_t mbps;
		if (e->d_name[0] == '.' || host_path(device, "/sys/class/net/%s/device", e->d_name) < 0 || !host_exists(device))
			continue;
		if (host_path(speed, "/sys/class/net/%s/speed", e->d_name) == 0 && host_read_u64(speed, &mbps) == 0 &&
		    mbps < 1000000 && mbps * 1000 > best)
			best = mbps * 1000;
	}
	if (d)
		closedir(d);
	return best ? (uint32_t)best : RATE_UNKNOWN_KBPS;
}

static uint32_t clamp(uint64_t v) { return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v; }

/* What the owner leases and the machine still has. */
static void list_gpus(const struct kernel_policy *p, struct inventory *inv)
{
	for (uint32_t i = 0; i < p->ndevices && i < GPUS_PER_NODE; i++) {
		struct gpu_info info = {.rule = p->devices[i], .vendor = "-", .model = "-", .id = "-"};
		const struct gpu *g = gpu_find(p->gpus, &info.rule);
		if (g)
			info = g->info;
		if (g ? !host_exists(g->alive) : device_name(&info.rule, info.name) < 0)
			continue;
		inv->res.v[RES_GPU_MEM_MIB] = clamp((uint64_t)inv->res.v[RES_GPU_MEM_MIB] + info.mem_mib);
		inv->gpus[inv->ngpus++] = info;
	}
	inv->res.v[RES_GPU] = inv->ngpus;
}

int direct_inventory(struct kernel *k, struct inventory *out)
{
	struct direct *d = direct_of(k);
	struct inventory inv = {0};
	struct sysinfo si;
	struct statvfs vfs;
	uint64_t pids = 0;
	if (sysinfo(&si) < 0 || statvfs(d->cfg.state_dir, &vfs) < 0)
		return -errno;
	if (host_read_u64("/proc/sys/kernel/pid_max", &pids) < 0)
		pids = 32768;
	inv.res.v[RES_CPU_MILLI] = cpus() * 1000;
	inv.res.v[RES_MEM_MIB] = clamp((uint64_t)si.totalram * si.mem_unit >> 20);
	inv.res.v[RES_DISK_MIB] = clamp((uint64_t)vfs.f_bavail * vfs.f_frsize >> 20);
	inv.res.v[RES_UP_KBPS] = inv.res.v[RES_DOWN_KBPS] = link_kbps();
	inv.res.v[RES_PIDS] = clamp(pids);
	list_gpus(&d->cfg.policy, &inv);
	snprintf(inv.cgroup_mode, sizeof inv.cgroup_mode, "%s", group_mode_word(d->groups.mode));
	snprintf(inv.runtime, sizeof inv.runtime, "%s", d->runtime.version);
	snprintf(inv.runtime_why, sizeof inv.runtime_why, "%s", d->runtime_why);
	inv.iops_held = d->io_held;
	inv.reach = d->cfg.policy.reach;
	memcpy(inv.boot_id, d->boot_id, sizeof inv.boot_id);
	*out = inv;
	return 0;
}
