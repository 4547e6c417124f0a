/* The verbs' arguments and answers as bytes.
 *
 * It knows layouts and bounds. It does not know what a verb does. */
#include <string.h>
#include "kernel-facing/policy.h"
#include "kernel-facing/record.h"
#include "kernel-facing/verb.h"

void verb_name_put(struct wbuf *w, const struct lease_name *v) { put_bytes(w, v->s, LEASE_NAME_LEN); }

bool verb_name_get(struct rbuf *r, struct lease_name *out)
{
	struct lease_name v = {0};
	get_bytes(r, v.s, LEASE_NAME_LEN);
	if (r->bad || !policy_name_ok(&v))
		return false;
	*out = v;
	return true;
}

static void gpu_put(struct wbuf *w, const struct gpu_info *g)
{
	put_u8(w, (uint8_t)g->rule.type);
	put_u32(w, g->rule.major);
	put_u32(w, g->rule.minor);
	put_text(w, g->vendor);
	put_text(w, g->model);
	put_text(w, g->id);
	put_text(w, g->name);
	put_u32(w, g->mem_mib);
}

static bool gpu_get(struct rbuf *r, struct gpu_info *out)
{
	struct gpu_info g = {.rule = {.type = (char)get_u8(r)}};
	g.rule.major = get_u32(r);
	g.rule.minor = get_u32(r);
	get_text(r, g.vendor, sizeof g.vendor - 1);
	get_text(r, g.model, sizeof g.model - 1);
	get_text(r, g.id, sizeof g.id - 1);
	get_text(r, g.name, sizeof g.name - 1);
	g.mem_mib = get_u32(r);
	if (r->bad || (g.rule.type != 'c' && g.rule.type != 'b'))
		return false;
	*out = g;
	return true;
}

void verb_inventory_put(struct wbuf *w, const struct inventory *v)
{
	put_resources(w, &v->res);
	put_u32(w, v->ngpus);
	for (uint32_t i = 0; i < v->ngpus; i++)
		gpu_put(w, &v->gpus[i]);
	put_text(w, v->cgroup_mode);
	put_text(w, v->runtime);
	put_blob(w, v->runtime_why, strlen(v->runtime_why)); /* a runtime's words: any bytes but NUL */
	put_bytes(w, v->boot_id, sizeof v->boot_id);
	put_u8(w, (uint8_t)v->reach);
	put_u8(w, v->iops_held);
}

bool verb_inventory_get(struct rbuf *r, struct inventory *out)
{
	struct inventory v = {.res = get_resources(r)};
	v.ngpus = get_u32(r);
	if (r->bad || v.ngpus > GPUS_PER_NODE)
		return false;
	for (uint32_t i = 0; i < v.ngpus; i++)
		if (!gpu_get(r, &v.gpus[i]))
			return false;
	get_text(r, v.cgroup_mode, sizeof v.cgroup_mode - 1);
	get_text(r, v.runtime, sizeof v.runtime - 1);
	struct slice why = get_blob(r, sizeof v.runtime_why - 1);
	get_bytes(r, v.boot_id, sizeof v.boot_id);
	uint8_t reach = get_u8(r);
	v.iops_held = get_bool(r);
	if (r->bad || reach > REACH_HOST || memchr(why.p, 0, why.len))
		return false;
	memcpy(v.runtime_why, why.p, why.len);
	v.reach = (enum reach)reach;
	*out = v;
	return true;
}

void verb_usage_put(struct wbuf *w, const struct usage *v)
{
	const uint64_t wide[] = {v->cpu_us, v->throttled_us, v->pressure_us, v->steal_us, v->busy_us, v->mem_bytes,
	    v->mem_peak_bytes, v->tx_bytes, v->rx_bytes, v->tx_bytes_peer, v->rx_bytes_peer, v->io_bytes, v->gpu_ms,
	    v->gpu_mem_bytes, v->group_id, v->conn_opened, v->conn_held_back, v->conn_refused};
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		put_u64(w, wide[i]);
	put_u8(w, v->gpu_measured);
	put_u32(w, v->gpu_permille);
	put_u32(w, v->pids);
	put_u32(w, v->ip);
	put_u32(w, v->oom_kills);
	put_u8(w, (uint8_t)v->phase);
	put_u32(w, (uint32_t)v->exit_code);
	put_u32(w, (uint32_t)v->pid);
	put_u8(w, v->oom_held);
	put_u8(w, v->unwatched);
}

bool verb_usage_get(struct rbuf *r, struct usage *out)
{
	struct usage v = {0};
	uint64_t *const wide[] = {&v.cpu_us, &v.throttled_us, &v.pressure_us, &v.steal_us, &v.busy_us, &v.mem_bytes,
	    &v.mem_peak_bytes, &v.tx_bytes, &v.rx_bytes, &v.tx_bytes_peer, &v.rx_bytes_peer, &v.io_bytes, &v.gpu_ms,
	    &v.gpu_mem_bytes, &v.group_id, &v.conn_opened, &v.conn_held_back, &v.conn_refused};
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		*wide[i] = get_u64(r);
	v.gpu_measured = get_bool(r);
	v.gpu_permille = get_u32(r);
	v.pids = get_u32(r);
	v.ip = get_u32(r);
	v.oom_kills = get_u32(r);
	uint8_t phase = get_u8(r);
	v.exit_code = (int32_t)get_u32(r);
	v.pid = (int32_t)get_u32(r);
	v.oom_held = get_bool(r);
	v.unwatched = get_bool(r);
	if (r->bad || phase > TASK_EXITED)
		return false;
	v.phase = (enum task_phase)phase;
	*out = v;
	return true;
}

static void drift_put(struct wbuf *w, const struct drift *v)
{
	put_text(w, v->what);
	put_u64(w, v->want);
	put_u64(w, v->have);
}

static bool drift_get(struct rbuf *r, struct drift *out)
{
	struct drift v = {0};
	get_text(r, v.what, sizeof v.what - 1);
	v.want = get_u64(r);
	v.have = get_u64(r);
	if (r->bad)
		return false;
	*out = v;
	return true;
}

void verb_checked_put(struct wbuf *w, const struct checked *v, uint32_t n)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < n; i++)
		count += v[i].result < 0 || v[i].n;
	put_u32(w, count);
	for (uint32_t i = 0; i < n; i++) {
		if (v[i].result == 0 && !v[i].n)
			continue;
		put_u32(w, i);
		put_u32(w, (uint32_t)-v[i].result);
		put_u32(w, v[i].result < 0 ? 0 : v[i].n);
		for (uint32_t k = 0; v[i].result == 0 && k < v[i].n; k++)
			drift_put(w, &v[i].found[k]);
	}
}

static bool checked_one(struct rbuf *r, struct checked *c)
{
	uint32_t error = get_u32(r);
	c->n = get_u32(r);
	if (r->bad || error > 4095 || c->n > DRIFTS_MAX || !error == !c->n)
		return false;
	c->result = -(int)error;
	for (uint32_t k = 0; k < c->n; k++)
		if (!drift_get(r, &c->found[k]))
			return false;
	return true;
}

bool verb_checked_get(struct rbuf *r, struct checked *out, uint32_t n)
{
	uint32_t count = get_u32(r);
	for (uint32_t i = 0; i < n; i++)
		out[i].result = 0, out[i].n = 0;
	if (r->bad || count > n)
		return false;
	for (uint32_t i = 0, next = 0; i < count; i++) {
		uint32_t at = get_u32(r);
		if (r->bad || at < next || at >= n || !checked_one(r, &out[at]))
			return false;
		next = at + 1;
	}
	return true;
}

static void put_strings(struct wbuf *w, const char *const *list, uint32_t n)
{
	put_u32(w, n);
	for (uint32_t i = 0; i < n; i++)
		put_blob(w, list[i], strlen(list[i]));
}

void verb_task_put(struct wbuf *w, const struct task_spec *v)
{
	put_bytes(w, v->image, 64);
	put_strings(w, v->args, v->nargs);
	put_strings(w, v->env, v->nenv);
	put_blob(w, v->cwd, strlen(v->cwd));
}

/* Arguments may hold any byte but NUL, so they travel as blobs and are terminated here. */
static const char *keep(struct rbuf *r, struct verb_task *t)
{
	struct slice s = get_blob(r, TASK_TEXT_MAX);
	if (r->bad || s.len >= sizeof t->text - t->used || memchr(s.p, 0, s.len))
		return NULL;
	char *at = t->text + t->used;
	memcpy(at, s.p, s.len);
	at[s.len] = 0;
	t->used += (uint32_t)s.len + 1;
	return at;
}

static bool get_strings(struct rbuf *r, struct verb_task *t, const char **list, uint32_t max, uint32_t *n)
{
	uint32_t count = get_u32(r);
	if (r->bad || count > max)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!(list[i] = keep(r, t)))
			return false;
	*n = count;
	return true;
}

bool verb_task_get(struct rbuf *r, struct verb_task *out)
{
	memset(&out->spec, 0, sizeof out->spec);
	out->used = 0;
	get_bytes(r, out->spec.image, 64);
	if (!get_strings(r, out, out->spec.args, TASK_ARGS_MAX, &out->spec.nargs) ||
	    !get_strings(r, out, out->spec.env, TASK_ENV_MAX, &out->spec.nenv))
		return false;
	struct slice cwd = get_blob(r, sizeof out->spec.cwd - 1);
	if (r->bad || memchr(cwd.p, 0, cwd.len))
		return false;
	memcpy(out->spec.cwd, cwd.p, cwd.len);
	return true;
}
