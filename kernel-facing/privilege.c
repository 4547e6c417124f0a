/* What of root the parent keeps.
 *
 * It knows which verb needs which capability. One that this machine never gave (a bounded container or virtual machine) is not asked
 * for: what truly needs it then says so itself. */
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include "common/confine.h"
#include "kernel-facing/kernel.h"

static const struct { int number; const char *name; } needed[] = {
    {CAP_SYS_ADMIN, "sys_admin"},               /* namespaces, mounts, loop devices, device nodes of groups */
    {CAP_NET_ADMIN, "net_admin"},               /* veth, addresses, HTB */
    {CAP_MKNOD, "mknod"},                       /* a task's device nodes */
    {CAP_CHOWN, "chown"},                       /* layers and logs that belong to others */
    {CAP_FOWNER, "fowner"},
    {CAP_FSETID, "fsetid"},
    {CAP_DAC_OVERRIDE, "dac_override"},
    {CAP_DAC_READ_SEARCH, "dac_read_search"},
    {CAP_SETUID, "setuid"},                     /* helpers and runtimes that drop to less */
    {CAP_SETGID, "setgid"},
    {CAP_SETPCAP, "setpcap"},
    {CAP_SETFCAP, "setfcap"},
    {CAP_KILL, "kill"},                         /* processes of tasks */
    {CAP_SYS_PTRACE, "sys_ptrace"},             /* their namespaces by path */
    {CAP_SYS_RESOURCE, "sys_resource"},         /* limits of tasks, descriptors for a thousand meters */
    {CAP_SYS_CHROOT, "sys_chroot"},             /* joining namespaces, runtimes */
    {CAP_BPF, "bpf"},                           /* v2 device programs */
    {CAP_PERFMON, "perfmon"},
};

int kernel_privilege_keep(void)
{
	const char *keep[sizeof needed / sizeof *needed + 1];
	size_t n = 0;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (prctl(PR_CAPBSET_READ, needed[i].number, 0, 0, 0) == 1)
			keep[n++] = needed[i].name;
	keep[n] = NULL;
	return confine_keep(keep);
}
