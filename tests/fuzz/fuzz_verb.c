/* What a plan child that was taken over can send down the pipe of verbs: a run of packets, each u16 length and bytes. The first byte's
 * lowest bit makes it the other direction: an answer's body.
 *
 * The parent answers each packet or cuts the connection; what the model of the kernel grants stays within the policy. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/policy.h"
#include "kernel-facing/record.h"
#include "kernel-facing/verb.h"
#include "tests/fuzz/fuzz.h"

static const struct kernel_policy policy = {
    .per_lease = {{[RES_CPU_MILLI] = 2000, [RES_MEM_MIB] = 512, [RES_DISK_MIB] = 64, [RES_UP_KBPS] = 9000, [RES_DOWN_KBPS] = 9000,
    [RES_PIDS] = 64}},
    .total = {{[RES_CPU_MILLI] = 3000, [RES_MEM_MIB] = 900, [RES_DISK_MIB] = 128, [RES_UP_KBPS] = 9000, [RES_DOWN_KBPS] = 9000,
    [RES_PIDS] = 128}},
    .max_leases = 3, .ndevices = 1, .devices = {{'c', 195, 0}}};

static void within_policy(struct kernel *k)
{
	struct lease_name names[LEASES_PER_NODE_MAX];
	struct resources sum = {0};
	struct quota q;
	uint32_t n = 0;
	must(k->ops->lease_list(k, names, LEASES_PER_NODE_MAX, &n) == 0 && n <= policy.max_leases);
	for (uint32_t i = 0; i < n; i++) {
		must(k->ops->lease_quota(k, &names[i], &q) == 0 && resources_fit(&q.res, &policy.per_lease));
		must(resources_add(&sum, &q.res));
	}
	must(resources_fit(&sum, &policy.total));
}

static void requests(const uint8_t *p, size_t len)
{
	struct kernel *k = kernel_fake_new(&policy);
	struct rbuf r = rbuf_on(p, len);
	autofree uint8_t *answer = malloc(WIRE_MAX);
	int ends[2], rc = 0;
	must(k && answer && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	while (rc == 0 && r.pos < r.len) {
		size_t n = get_u16(&r);
		if (r.bad || n == 0 || n > r.len - r.pos)
			break;
		must(send(ends[0], p + r.pos, n, 0) == (ssize_t)n);
		r.pos += n;
		rc = kernel_serve(k, ends[1]);
		must(rc == 0 || rc == -EBADMSG);
		must((recv(ends[0], answer, WIRE_MAX, MSG_DONTWAIT) >= 8) == (rc == 0));
	}
	within_policy(k);
	close(ends[0]);
	close(ends[1]);
	k->ops->close(k);
}

static void answers(const uint8_t *p, size_t len)
{
	static struct verb_task task;
	struct rbuf r[6];
	struct inventory inventory;
	struct usage usage;
	static struct checked checked[VERB_CHECK_MAX];
	struct quota quota;
	struct lease_name name;
	for (size_t i = 0; i < 6; i++)
		r[i] = rbuf_on(p, len);
	struct wbuf w[6];
	const bool ok[] = {verb_inventory_get(&r[0], &inventory), verb_usage_get(&r[1], &usage),
	    verb_checked_get(&r[2], checked, VERB_CHECK_MAX),
	    quota_get(&r[3], &quota), verb_name_get(&r[4], &name), verb_task_get(&r[5], &task)};
	for (size_t i = 0; i < 6; i++) {
		if (!ok[i])
			continue;
		w[i] = fuzz_room();
		switch (i) {
		case 0: verb_inventory_put(&w[i], &inventory); break;
		case 1: verb_usage_put(&w[i], &usage); break;
		case 2: verb_checked_put(&w[i], checked, VERB_CHECK_MAX); break;
		case 3: quota_put(&w[i], &quota); break;
		case 4: verb_name_put(&w[i], &name); break;
		case 5: verb_task_put(&w[i], &task.spec); break;
		}
		fuzz_same(&w[i], p, r[i].pos);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		answers(data + 1, size - 1);
	else
		requests(data + 1, size - 1);
	return 0;
}
