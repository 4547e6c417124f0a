/* The local policy.
 *
 * It knows bounds. It does not know the kernel's state: callers give the sum of what is granted already. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "kernel-facing/policy.h"

bool device_rule_eq(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

bool policy_name_ok(const struct lease_name *lease)
{
	return strnlen(lease->s, sizeof lease->s) == LEASE_NAME_LEN && strspn(lease->s, "0123456789abcdef") == LEASE_NAME_LEN;
}

static bool is_among(const struct device_rule *d, const struct device_rule *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (device_rule_eq(d, &list[i]))
			return true;
	return false;
}

static int check_devices(const struct kernel_policy *p, const struct quota *q)
{
	if (q->ndevices > DEVICES_PER_LEASE)
		return -EINVAL;
	for (uint32_t i = 0; i < q->ndevices; i++) {
		const struct device_rule *d = &q->devices[i];
		if ((d->type != 'c' && d->type != 'b') || is_among(d, q->devices, i))
			return -EINVAL;
		if (!is_among(d, p->devices, p->ndevices))
			return -EPERM;
	}
	return 0;
}

int policy_admit(const struct kernel_policy *p, const struct quota *q, const struct resources *others, uint32_t nothers)
{
	const uint32_t *v = q->res.v;
	if (v[RES_SPARE_A] || v[RES_SPARE_B] || !v[RES_CPU_MILLI] || !v[RES_MEM_MIB] || !v[RES_PIDS])
		return -EINVAL;
	int r = check_devices(p, q);
	if (r < 0)
		return r;
	struct resources sum = *others;
	if (v[RES_CONN] > CONN_PER_S_MAX)
		return -EDQUOT;
	if (nothers >= p->max_leases || nothers >= LEASES_PER_NODE_MAX || !resources_fit(&q->res, &p->per_lease))
		return -EDQUOT;
	return resources_add(&sum, &q->res) && resources_fit(&sum, &p->total) ? 0 : -EDQUOT;
}

static int check_text(const char *s, size_t *total)
{
	size_t len = s ? strnlen(s, TASK_TEXT_MAX + 1) : TASK_TEXT_MAX + 1;
	*total += len + 1;
	return len > TASK_TEXT_MAX || *total > TASK_TEXT_MAX ? -EINVAL : 0;
}

int policy_task(const struct task_spec *spec)
{
	size_t total = 0;
	if (strnlen(spec->image, sizeof spec->image) != 64 || strspn(spec->image, "0123456789abcdef") != 64)
		return -EINVAL;
	if (spec->nargs == 0 || spec->nargs > TASK_ARGS_MAX || spec->nenv > TASK_ENV_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < spec->nargs; i++)
		if (check_text(spec->args[i], &total) < 0)
			return -EINVAL;
	for (uint32_t i = 0; i < spec->nenv; i++)
		if (check_text(spec->env[i], &total) < 0 || spec->env[i][0] == '=' || !strchr(spec->env[i], '='))
			return -EINVAL;
	if (spec->args[0][0] == 0)
		return -EINVAL;
	size_t len = strnlen(spec->cwd, sizeof spec->cwd);
	return len == sizeof spec->cwd || (len && spec->cwd[0] != '/') ? -EINVAL : 0;
}

int policy_signal(int signo) { return signo > 0 && signo < NSIG ? 0 : -EINVAL; }
