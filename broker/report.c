/* Files for people, and the meter's memory across restarts. Written to a temporary name and renamed, beneath one directory descriptor.
 *
 * Knows how lines look; decides nothing. */
#include "broker/report.h"
#include "broker/gpus.h"
#include "common/cleanup.h"
#include "common/text.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIVE_SAME 4 /* seconds */

struct lines { char p[4096]; size_t len; };

static void lines_add(struct lines *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void lines_add(struct lines *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(t->p + t->len, sizeof(t->p) - t->len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(t->p) - t->len)
		t->len += (size_t)n;
}

static int report_dir(int dir_fd, const char *lease)
{
	if (mkdirat(dir_fd, lease, 0750) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(dir_fd, lease, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int report_write(int dir_fd, const char *lease, const char *name, const char *p, size_t len)
{
	char temp[32];
	autoclose int dir = report_dir(dir_fd, lease);
	if (dir < 0)
		return dir;
	snprintf(temp, sizeof(temp), ".%s.new", name);
	autoclose int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (write(fd, p, len) != (ssize_t)len)
		return -EIO;
	return renameat(dir, temp, dir, name) < 0 ? -errno : 0;
}

static const char *report_phase(const struct lease *l)
{
	if (l->run.lost)
		return "lost";
	if (l->run.failed)
		return "failed";
	if (l->run.killed)
		return "killed";
	if (l->run.frozen)
		return "paused";
	switch (l->run.phase) {
	case PHASE_NONE:
		return l->usage.phase == TASK_EXITED ? "exited" : "queued";
	case PHASE_OPEN:
		return l->fact.deploy.len ? "pulling" : "idle";
	case PHASE_CREATED:
		return "starting";
	case PHASE_RUNNING:
		return "running";
	case PHASE_EXITED:
		return "exited";
	}
	return "queued";
}

int report_state(int dir_fd, struct lease *l, uint64_t wall_ms)
{
	struct lines t = {.len = 0};
	struct reported *said = &l->reported;
	bool ended = l->usage.phase == TASK_EXITED;
	lines_add(&t, "%s %s ", report_phase(l), l->trouble[0] ? l->trouble : l->reason[0] ? l->reason : "-");
	if (ended)
		lines_add(&t, "%d", l->usage.exit_code);
	else
		lines_add(&t, "-");
	lines_add(&t, " %d ", ended ? 0 : l->usage.pid);
	if (said->state_ever && strcmp(said->state, t.p) == 0)
		return 0;
	snprintf(said->state, sizeof(said->state), "%.*s", (int)t.len, t.p);
	lines_add(&t, "%" PRIu64 "\n", wall_ms);
	int rc = report_write(dir_fd, l->name.s, "state", t.p, t.len);
	said->state_ever = rc == 0;
	return rc;
}

/* "key value": sixteen of them for each lease each second, so not by printf. */
static void lines_value(struct lines *t, const char *key, uint64_t v)
{
	char digits[20];
	size_t len = strlen(key), n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) && n < sizeof(digits));
	if (t->len + len + n + 2 > sizeof(t->p))
		return;
	memcpy(t->p + t->len, key, len);
	t->len += len;
	t->p[t->len++] = ' ';
	while (n)
		t->p[t->len++] = digits[--n];
	t->p[t->len++] = '\n';
}

static void live_lines(struct lines *t, const struct lease *l)
{
	const struct usage *u = &l->usage;
	const struct { const char *key; uint64_t value; } all[] = {{"usage_usec", u->cpu_us}, {"throttled_usec", u->throttled_us},
	    {"pressure_usec", u->pressure_us}, {"memory_current", u->mem_bytes}, {"memory_peak", u->mem_peak_bytes},
	    {"tx_bytes", u->tx_bytes}, {"rx_bytes", u->rx_bytes}, {"tx_bytes_peer", u->tx_bytes_peer}, {"rx_bytes_peer", u->rx_bytes_peer},
	    {"io_bytes", u->io_bytes}, {"conn_opened", u->conn_opened}, {"conn_held_back", u->conn_held_back},
	    {"conn_refused", u->conn_refused}, {"gpu_ms", u->gpu_ms}, {"pids_current", u->pids},
	    {"oom_kills", u->oom_kills}, {"up_ms", l->meter.up_ms}, {"drift_ms", l->meter.drift_ms}, {"stall_ms", l->meter.stall_ms}};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		lines_value(t, all[i].key, all[i].value);
	if (u->gpu_measured)
		lines_add(t, "gpu_util %u.%u\ngpu_mem %" PRIu64 "\n", u->gpu_permille / 10, u->gpu_permille % 10, u->gpu_mem_bytes);
	else
		lines_add(t, "gpu_util -\ngpu_mem -\n");
}

/* Of one in which nothing goes on only its time passes: that is said every few seconds. */
static bool live_same(struct reported *said, const struct usage *u)
{
	uint64_t counted = u->cpu_us + u->mem_bytes + u->tx_bytes + u->rx_bytes + u->io_bytes + u->pids + u->oom_kills + u->gpu_ms +
	    u->conn_opened + u->conn_held_back + u->conn_refused + u->gpu_mem_bytes + u->gpu_permille +
	    u->phase + u->pressure_us;
	bool same = counted == said->counted && ++said->same < LIVE_SAME;
	if (!same)
		said->same = 0;
	said->counted = counted;
	return same;
}

static int live_open(int dir_fd, const char *lease)
{
	autoclose int dir = report_dir(dir_fd, lease);
	if (dir < 0)
		return dir;
	int fd = openat(dir, "live", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

int report_live(int dir_fd, struct lease *l)
{
	struct lines t;
	struct reported *said = &l->reported;
	t.len = 0;
	if (said->sample && live_same(said, &l->usage))
		return 0;
	if (said->live_fd < 0) {
		int fd = live_open(dir_fd, l->name.s);
		if (fd < 0)
			return fd;
		said->live_fd = fd;
	}
	lines_value(&t, "sample", ++said->sample);
	live_lines(&t, l);
	lines_value(&t, "end", said->sample);
	return pwrite(said->live_fd, t.p, t.len, 0) == (ssize_t)t.len ? 0 : -EIO;
}

static void add_device(struct lines *t, const struct device_rule *rule, const struct inventory *inv)
{
	lines_add(t, "device allow=%c:%u:%u", rule->type, rule->major, rule->minor);
	for (uint32_t i = 0; i < inv->ngpus; i++) {
		const struct gpu_info *g = &inv->gpus[i];
		if (gpus_same(&g->rule, rule))
			lines_add(t, " name=%s vendor=%s model=%s id=%s mem=%" PRIu64, g->name, g->vendor, g->model, g->id,
			    (uint64_t)g->mem_mib << 20);
	}
	lines_add(t, "\n");
}

int report_gpus(int dir_fd, const struct leases *books, const struct inventory *inv)
{
	struct gpus_text { char p[16384]; size_t len; } t = {.len = 0};
	for (uint32_t i = 0; i < inv->ngpus; i++) {
		const struct gpu_info *g = &inv->gpus[i];
		const struct lease *l = gpus_holder(books, &g->rule);
		int n = snprintf(t.p + t.len, sizeof(t.p) - t.len, "%s\t%s\t%s\t%s\t%" PRIu64 "\t%s%s\n", g->name, g->vendor, g->model,
		    g->id, (uint64_t)g->mem_mib << 20, l ? "l-" : "", l ? l->name.s : "-");
		if (n < 0 || (size_t)n >= sizeof(t.p) - t.len)
			return -EOVERFLOW;
		t.len += (size_t)n;
	}
	return report_write(dir_fd, "self", "gpus", t.p, t.len);
}

int report_limits(int dir_fd, const struct lease *l, const struct quota *q, const struct inventory *inv)
{
	struct lines t = {.len = 0};
	char up[TEXT_NUM], down[TEXT_NUM];
	const uint32_t *v = q->res.v;
	lines_add(&t, "cpu max=%u/100000\n", v[RES_CPU_MILLI] * 100);
	lines_add(&t, "mem max=%" PRIu64 " swap=0\n", (uint64_t)v[RES_MEM_MIB] << 20);
	lines_add(&t, "pids max=%u\n", v[RES_PIDS]);
	lines_add(&t, "disk max=%" PRIu64 "\n", (uint64_t)v[RES_DISK_MIB] << 20);
	lines_add(&t, "bw up=%s down=%s class=1:10\n", text_of_rate(v[RES_UP_KBPS], up), text_of_rate(v[RES_DOWN_KBPS], down));
	if (v[RES_IOPS])
		lines_add(&t, "iops max=%u%s\n", v[RES_IOPS], inv->iops_held ? "" : " held=no");
	if (v[RES_CONN])
		lines_add(&t, "conn max=%u\n", v[RES_CONN]);
	lines_add(&t, "reach %s\n", reach_word(inv->reach));
	for (uint32_t i = 0; i < q->ndevices; i++)
		add_device(&t, &q->devices[i], inv);
	return report_write(dir_fd, l->name.s, "limits", t.p, t.len);
}

int report_drift(int dir_fd, struct lease *l, const struct drift *d, uint32_t n)
{
	struct lines t = {.len = 0};
	if (!n && l->reported.drift_ever && !l->reported.drifts)
		return 0;
	if (n)
		lines_add(&t, "#what\tlease\tkernel\n");
	for (uint32_t i = 0; i < n; i++)
		lines_add(&t, "%s\t%" PRIu64 "\t%" PRIu64 "\n", d[i].what, d[i].want, d[i].have);
	int rc = report_write(dir_fd, l->name.s, "drift", t.p, t.len);
	l->reported.drift_ever = rc == 0;
	l->reported.drifts = n;
	return rc;
}

int report_meter(int dir_fd, struct lease *l, uint64_t now_ms)
{
	char text[1024];
	size_t len = meter_save(&l->meter, text, sizeof(text));
	l->reported.meter_ms = now_ms;
	return len ? report_write(dir_fd, l->name.s, "meter", text, len) : -EOVERFLOW;
}

int report_meter_seldom(int dir_fd, struct lease *l, uint64_t now_ms)
{
	return l->reported.meter_ms && now_ms - l->reported.meter_ms < METER_SAVE_MS ? 0 : report_meter(dir_fd, l, now_ms);
}

bool report_meter_load(int dir_fd, struct lease *l)
{
	char path[LEASE_NAME_LEN + 8], text[1024];
	snprintf(path, sizeof(path), "%s/meter", l->name.s);
	autoclose int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return meter_load(&l->meter, text);
}
