/* What the kernel holds and counted for a lease: the accepted receipt, and the small files that plan keeps while the lease runs here.
 *
 * Those files are copied through as they are; where the lease does not run on this machine the ledger's vector stands in for limits. */
#include <errno.h>
#include <string.h>
#include "zfs-views/render.h"

static const char *const meter_word[METERS] = {[METER_UP_S] = "up_s", [METER_CPU_US] = "cpu_usec", [METER_MEM_MIB_S] = "memory_mib_s",
	[METER_GPU_MS] = "gpu_msec", [METER_TX_B] = "sent_bytes", [METER_RX_B] = "received_bytes", [METER_IO_B] = "disk_bytes",
	[METER_APP] = "app", [METER_DRIFT_S] = "drift_s", [METER_STALL_S] = "stall_s"};

static bool copy_live(const struct view *v, const struct fact_lease *l, const char *file, struct page *out)
{
	char name[LEASE_NAME_LEN + 1];
	lease_name_of(&l->lease, name);
	return strcmp(file, "live") ? beneath_text(v->live_fd, name, file, out) : beneath_live(v->live_fd, name, out);
}

/* Where nothing runs any more, or runs elsewhere, the last receipt stands in for the live counters. */
static void put_counted(const struct usage_receipt *r, struct page *out)
{
	page_add(out, "usage_usec %" PRIu64 "\ntx_bytes %" PRIu64 "\n", r->meter[METER_CPU_US], r->meter[METER_TX_B]);
	page_add(out, "rx_bytes %" PRIu64 "\nio_bytes %" PRIu64 "\n", r->meter[METER_RX_B], r->meter[METER_IO_B]);
	page_add(out, "gpu_ms %" PRIu64 "\n", r->meter[METER_GPU_MS]);
}

/* Keys of the receipt never equal those of the live counters: one file, each key once. */
int render_lease_usage(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lease *l = model_lease(v->model, &n->object);
	const struct fact_usage *u = model_usage(v->model, &n->object);
	(void)uid;
	if (!l)
		return -ENOENT;
	page_add(out, "receipt_seq %u\nreceipt_hash ", l->usage_seq);
	page_hex(out, l->last_usage.b, sizeof l->last_usage.b);
	page_add(out, "\n");
	if (u) {
		page_add(out, "receipt_prev ");
		page_hex(out, u->receipt.prev.b, sizeof u->receipt.prev.b);
		page_time(out, "\nreceipt_from ", u->receipt.t0_ms);
		page_time(out, "\nreceipt_to ", u->receipt.t1_ms);
		page_add(out, "\nreceipt_settled %d\n", u->settled);
		for (int i = 0; i < METERS; i++)
			page_add(out, "receipt_%s %" PRIu64 "\n", meter_word[i], u->receipt.meter[i]);
	}
	if (!copy_live(v, l, "live", out) && u)
		put_counted(&u->receipt, out);
	return 0;
}

static void put_vector_limits(const struct resources *r, struct page *out)
{
	char up[TEXT_NUM], down[TEXT_NUM];
	page_add(out, "cpu max=%" PRIu64 "/100000\n", (uint64_t)r->v[RES_CPU_MILLI] * 100);
	page_add(out, "mem max=%" PRIu64 "\n", (uint64_t)r->v[RES_MEM_MIB] << 20);
	page_add(out, "pids max=%u\n", r->v[RES_PIDS]);
	page_add(out, "disk max=%" PRIu64 "\n", (uint64_t)r->v[RES_DISK_MIB] << 20);
	page_add(out, "bw up=%s down=%s\n", text_of_rate(r->v[RES_UP_KBPS], up), text_of_rate(r->v[RES_DOWN_KBPS], down));
	if (r->v[RES_IOPS])
		page_add(out, "iops max=%u\n", r->v[RES_IOPS]);
	if (r->v[RES_CONN])
		page_add(out, "conn max=%u\n", r->v[RES_CONN]);
	if (r->v[RES_GPU])
		page_add(out, "gpu n=%u\n", r->v[RES_GPU]);
}

int render_lease_limits(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lease *l = model_lease(v->model, &n->object);
	(void)uid;
	if (!l)
		return -ENOENT;
	if (!copy_live(v, l, "limits", out))
		put_vector_limits(&l->res, out);
	return 0;
}

/* Of this machine only: what others have, they know themselves. */
int render_node_gpus(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	if (!model_node(v->model, &n->object))
		return -ENOENT;
	page_add(out, "#name\tvendor\tmodel\tid\tmem\tlease\n");
	if (memcmp(&v->node_id, &n->object, sizeof v->node_id) == 0)
		beneath_text(v->live_fd, "self", "gpus", out);
	return 0;
}

int render_lease_drift(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lease *l = model_lease(v->model, &n->object);
	(void)uid;
	if (!l)
		return -ENOENT;
	copy_live(v, l, "drift", out);
	return 0;
}

int render_lease_events(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lease *l = model_lease(v->model, &n->object);
	struct page live = {0}, drift = {0};
	struct task_report report;
	uint64_t throttled = 0, oom = 0, lines = 0;
	(void)uid;
	if (!l)
		return -ENOENT;
	copy_live(v, l, "live", &live);
	copy_live(v, l, "drift", &drift);
	beneath_value(&live, "throttled_usec", &throttled);
	beneath_value(&live, "oom_kills", &oom);
	for (size_t i = 0; i < drift.len; i++)
		lines += drift.p[i] == '\n';
	page_add(out, "active %d\nthrottled %" PRIu64 "\noom %" PRIu64 "\nviolations %" PRIu64 "\n", strcmp(lease_word(l), "active") == 0,
		throttled, oom, lines ? lines - 1 : 0); /* the first line of drift is its head */
	page_add(out, "oom_held %d\n", task_report_of(v, l, &report) && strcmp(report.phase, "paused") == 0 &&
		strcmp(report.reason, "out-of-memory") == 0);
	page_free(&live);
	page_free(&drift);
	return 0;
}

int render_lease_proof(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lease *l = model_lease(v->model, &n->object);
	const struct fact_usage *u = model_usage(v->model, &n->object);
	(void)uid;
	if (!l)
		return -ENOENT;
	if (!u)
		return 0;
	const struct usage_receipt *r = &u->receipt;
	page_add(out, "{\"seq\":%u,\"instance\":\"", r->seq);
	page_hex(out, r->instance.b, sizeof r->instance.b);
	page_add(out, "\",\"t0_ms\":%" PRIu64 ",\"t1_ms\":%" PRIu64 ",\"meters\":[", r->t0_ms, r->t1_ms);
	for (int i = 0; i < METERS; i++)
		page_add(out, "%s%" PRIu64, i ? "," : "", r->meter[i]);
	page_add(out, "],\"boot_id\":\"");
	page_hex(out, r->boot_id, sizeof r->boot_id);
	page_add(out, "\",\"group_id\":%" PRIu64 ",\"prev\":\"", r->group_id);
	page_hex(out, r->prev.b, sizeof r->prev.b);
	page_add(out, "\",\"hash\":\"");
	page_hex(out, l->last_usage.b, sizeof l->last_usage.b);
	page_add(out, "\",\"settled\":%s}\n", u->settled ? "true" : "false");
	return 0;
}
