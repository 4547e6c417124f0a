/* The rig of test_act.c: see its header.
 *
 * The ledger here keeps one rule of the real one, that receipts chain: a receipt whose number or predecessor is wrong fails the test.
 * The kernel is kernel_fake.c, whose table of verbs is wrapped so that calls are counted. */
#include "tests/act_rig.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static struct rig *current; /* the verbs below have no other way to find it */
static const struct kernel_ops *fake;
static struct kernel_ops counted;

static int count(int rc, int *counter)
{
	*counter += rc == 0;
	return rc;
}

static int counted_open(struct kernel *k, const struct lease_name *l, const struct quota *q)
{
	return count(fake->lease_open(k, l, q), &current->counts.open);
}

static int counted_set(struct kernel *k, const struct lease_name *l, const struct quota *q)
{
	if (current->set_fails)
		return -current->set_fails;
	return count(fake->lease_set(k, l, q), &current->counts.set);
}

static int counted_freeze(struct kernel *k, const struct lease_name *l, bool frozen)
{
	return count(fake->lease_freeze(k, l, frozen), frozen ? &current->counts.freeze : &current->counts.thaw);
}

static int counted_close(struct kernel *k, const struct lease_name *l)
{
	return count(fake->lease_close(k, l), &current->counts.close);
}

static int counted_create(struct kernel *k, const struct lease_name *l, const struct task_spec *t)
{
	if (current->create_fails)
		return -current->create_fails;
	if (current->create_slow && current->create_slow--)
		return -EINPROGRESS;
	return count(fake->task_create(k, l, t), &current->counts.create);
}

static int counted_start(struct kernel *k, const struct lease_name *l)
{
	return count(fake->task_start(k, l), &current->counts.start);
}

static int counted_delete(struct kernel *k, const struct lease_name *l)
{
	return count(fake->task_delete(k, l), &current->counts.stop);
}

static int some_usage(struct kernel *k, const struct lease_name *l, uint32_t n, struct usage *out)
{
	for (uint32_t i = 0; current->unread && i < n; i++)
		if (strcmp(l[i].s, current->unread) == 0)
			return -EIO;
	return fake->usage(k, l, n, out);
}

static void rig_kernel(struct rig *r, uint32_t devices)
{
	struct kernel_policy p = {.max_leases = 8, .ndevices = devices};
	for (int i = 0; i <= RES_PIDS; i++)
		p.total.v[i] = p.per_lease.v[i] = 100000;
	for (uint32_t i = 0; i < devices; i++)
		p.devices[i] = (struct device_rule){'c', 195, i};
	r->kernel = kernel_fake_new(&p);
	fake = r->kernel->ops;
	counted = *fake;
	counted.lease_open = counted_open;
	counted.lease_set = counted_set;
	counted.lease_freeze = counted_freeze;
	counted.lease_close = counted_close;
	counted.task_create = counted_create;
	counted.task_start = counted_start;
	counted.task_delete = counted_delete;
	counted.usage = some_usage;
	r->kernel->ops = &counted;
}

void rig_actor_new(struct rig *r)
{
	r->actor = act_new();
	r->actor->kernel = r->kernel;
	r->actor->live_fd = r->live_fd;
	r->actor->interval_ms = RIG_INTERVAL_MS;
	leases_init(&r->actor->books, "node");
	link_init(&r->actor->link, r->path, 0);
	ck_assert_int_eq(r->kernel->ops->inventory(r->kernel, &r->actor->inventory), 0);
	ck_assert_int_eq(act_adopt(r->actor), 0);
}

void rig_actor_free(struct rig *r)
{
	link_close(&r->actor->link);
	while (r->actor->books.first)
		leases_drop(&r->actor->books, r->actor->books.first);
	act_free(r->actor);
	if (r->ledger >= 0)
		close(r->ledger);
	r->ledger = -1;
}

struct fact_lease *rig_lease_add(struct rig *r, uint32_t gpus)
{
	struct fact_lease *f = &r->lease[r->nleases++];
	struct deploy d = {.task = "job", .nargs = 1, .args = {"/task"}};
	struct wbuf w = wbuf_on(r->deploy, sizeof(r->deploy));
	memset(d.image, 'a', 64);
	deploy_put(&w, &d);
	ck_assert(!w.bad);
	*f = (struct fact_lease){.deploy_rev = 1, .rate = money_of(3600), .escrow = money_of(3600000), .state = "matched"};
	memset(f->lease.b, (int)r->nleases, sizeof(f->lease.b));
	memset(f->node.b, 0x77, sizeof(f->node.b));
	f->res.v[RES_CPU_MILLI] = f->res.v[RES_MEM_MIB] = f->res.v[RES_PIDS] = 100;
	f->res.v[RES_GPU] = gpus;
	f->since_ms = r->now_ms;
	f->deploy = (struct slice){r->deploy, w.len};
	return f;
}

void rig_open(struct rig *r, uint32_t devices)
{
	memset(r, 0, sizeof(*r));
	current = r;
	r->ledger = -1;
	r->fast = true;
	r->height = 10;
	r->now_ms = 1000000;
	scratch_make(r->dir);
	snprintf(r->path, sizeof(r->path), "%s/ledger.sock", r->dir);
	r->live_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(conn_listen(r->path, (gid_t)-1, &r->listen_fd), 0);
	rig_kernel(r, devices);
	rig_actor_new(r);
	rig_lease_add(r, devices ? 1 : 0);
	rig_ledger_up(r);
	rig_snapshot(r, true);
}

void rig_close(struct rig *r)
{
	rig_actor_free(r);
	r->kernel->ops->close(r->kernel);
	close(r->listen_fd);
	close(r->live_fd);
	scratch_remove(r->dir);
}

static void rig_send(struct rig *r, uint8_t type, uint64_t req, const struct wbuf *w)
{
	ck_assert(!w->bad);
	if (r->ledger >= 0)
		ck_assert_int_eq(conn_send(r->ledger, type, req, w->p, w->len, 0), 0);
}

void rig_ledger_up(struct rig *r)
{
	struct wire_head head;
	struct slice body;
	uint8_t bytes[256];
	struct wbuf w = wbuf_on(bytes, sizeof(bytes));
	struct wire_welcome m = {.height = r->height, .engine = "solo"};
	ck_assert_int_eq(link_connect(&r->actor->link, &r->actor->books), 0);
	act_linked(r->actor);
	r->ledger = accept4(r->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(r->ledger, 0);
	ck_assert_int_eq(conn_recv(r->ledger, r->buf, &head, &body, 0), 0);
	ck_assert_int_eq(head.type, WIRE_HELLO);
	memset(m.node_op.b, 0x55, sizeof(m.node_op.b));
	wire_welcome_put(&w, &m);
	rig_send(r, WIRE_WELCOME, 0, &w);
}

void rig_ledger_down(struct rig *r)
{
	close(r->ledger);
	r->ledger = -1;
}

static void rig_facts(struct rig *r, const struct fact *f, uint32_t n)
{
	uint8_t bytes[32768];
	struct wbuf w = wbuf_on(bytes, sizeof(bytes));
	for (uint32_t i = 0; i < n; i++)
		fact_put(&w, &f[i]);
	rig_send(r, WIRE_FACTS, 0, &w);
}

void rig_say(struct rig *r, const struct fact *f)
{
	rig_facts(r, f, 1);
}

static struct fact rig_block(struct rig *r)
{
	return (struct fact){.kind = FACT_BLOCK, .u.block = {.height = r->height, .time_ms = r->now_ms}};
}

void rig_snapshot(struct rig *r, bool reset)
{
	struct fact f[3 + RIG_LEASES] = {{.kind = FACT_RESET}, {.kind = FACT_NODE, .u.node = {.name = "node"}}};
	uint32_t n = 2;
	memset(f[1].u.node.node.b, 0x77, sizeof(f[1].u.node.node.b));
	memset(f[1].u.node.owner.b, 0x55, sizeof(f[1].u.node.owner.b));
	for (uint32_t i = 0; i < r->nleases; i++)
		f[n++] = (struct fact){.kind = FACT_LEASE, .u.lease = r->lease[i]};
	f[n++] = rig_block(r);
	rig_facts(r, reset ? f : f + 1, reset ? n : n - 1);
}

void rig_state(struct rig *r, uint32_t lease, const char *state, uint8_t flags)
{
	struct fact_lease *l = &r->lease[lease];
	if (strcmp(l->state, state) != 0)
		l->since_ms = r->now_ms;
	snprintf(l->state, sizeof(l->state), "%s", state);
	l->flags = flags;
	r->height++;
	struct fact f[2] = {{.kind = FACT_LEASE, .u.lease = *l}, rig_block(r)};
	rig_facts(r, f, 2);
}

static void rig_answer(struct rig *r, uint64_t req, enum verdict v)
{
	uint8_t bytes[128];
	struct wbuf w = wbuf_on(bytes, sizeof(bytes));
	struct wire_answer m = {.verdict = (uint16_t)v, .height = r->height};
	wire_answer_put(&w, &m);
	rig_send(r, WIRE_ANSWER, req, &w);
}

static uint32_t rig_lease_by(struct rig *r, const struct id *id)
{
	uint32_t i = 0;
	while (i < r->nleases && id_cmp(&r->lease[i].lease, id) != 0)
		i++;
	ck_assert_uint_lt(i, r->nleases);
	return i;
}

/* What the real one does with these words, as far as an actor sees it. */
static void rig_on_event(struct rig *r, uint64_t req, const struct wire_intent *m)
{
	struct tx tx;
	uint32_t i = rig_lease_by(r, &m->scope);
	struct fact_lease *l = &r->lease[i];
	ck_assert_int_eq(tx_body_get(TX_EVENT, m->body, &tx), V_OK);
	if (strcmp(tx.u.event.event, "quit") == 0) {
		r->quits++;
		rig_answer(r, req, V_OK);
		return;
	}
	ck_assert_uint_eq(tx.u.event.arg[0], l->change_rev);
	ck_assert_uint_eq(l->change.stage, CHANGE_AGREED);
	strcpy(r->event, tx.u.event.event);
	r->events++;
	if (r->event_verdict == V_OK) {
		l->change.stage = strcmp(r->event, "resized") == 0 ? CHANGE_MADE : CHANGE_NONE;
		l->change_end = (uint8_t)tx.u.event.arg[1];
		rig_state(r, i, l->state, l->flags);
	}
	rig_answer(r, req, r->event_verdict);
}

static void rig_on_ready(struct rig *r, uint64_t req, struct slice body)
{
	struct wire_intent m;
	ck_assert(wire_intent_get(body, &m));
	if (m.type == TX_EVENT)
		rig_on_event(r, req, &m);
	if (m.type != TX_READY)
		return;
	uint32_t i = rig_lease_by(r, &m.scope);
	struct tx tx;
	ck_assert_int_eq(tx_body_get(TX_READY, m.body, &tx), V_OK);
	strcpy(r->endpoint, tx.u.ready.endpoint);
	r->readies++;
	if (r->silent)
		return;
	if (r->ready_verdict == V_OK && r->fast)
		rig_state(r, i, "run", LEASE_RUN);
	rig_answer(r, req, r->ready_verdict);
}

static void rig_take(struct rig *r, const struct usage_receipt *u)
{
	struct fact_lease *l = &r->lease[rig_lease_by(r, &u->instance)];
	ck_assert_uint_eq(u->seq, l->usage_seq + 1);
	ck_assert_int_eq(id_cmp(&u->prev, &l->last_usage), 0);
	if (l->change.stage == CHANGE_MADE) {
		l->res = l->change.res;
		l->change.stage = CHANGE_NONE;
	} else {
		ck_assert_uint_gt(u->meter[METER_UP_S], l->metered_s);
	}
	r->receipts++;
	l->usage_seq++;
	l->metered_s = u->meter[METER_UP_S];
	memset(l->last_usage.b, (int)(0x80 + l->usage_seq), sizeof(l->last_usage.b));
	rig_state(r, rig_lease_by(r, &u->instance), l->state, l->flags);
}

static void rig_on_receipts(struct rig *r, uint64_t req, struct slice body)
{
	struct usage_receipt u[RIG_LEASES];
	uint32_t n = 0;
	ck_assert(wire_usages_get(body, u, RIG_LEASES, &n));
	r->sets++;
	for (uint32_t i = 0; i < n && r->receipt_verdict == V_OK && !r->silent; i++)
		rig_take(r, &u[i]);
	if (!r->silent)
		rig_answer(r, req, r->receipt_verdict);
}

static void rig_serve(struct rig *r)
{
	struct wire_head head;
	struct slice body;
	while (r->ledger >= 0 && conn_recv(r->ledger, r->buf, &head, &body, MSG_DONTWAIT) == 0) {
		if (head.type == WIRE_INTENT)
			rig_on_ready(r, head.req, body);
		if (head.type == WIRE_PREPARE_USAGE)
			rig_on_receipts(r, head.req, body);
	}
}

void rig_run(struct rig *r, uint64_t ms)
{
	uint64_t until = r->now_ms + ms;
	while (r->now_ms < until) {
		uint32_t turns = 0;
		do {
			r->actor->now_ms = r->actor->wall_ms = r->now_ms;
			act_pass(r->actor, r->actor->link.fd >= 0);
			rig_serve(r);
			ck_assert_uint_lt(turns++, 100); /* in one moment: a storm */
		} while (r->actor->busy);
		kernel_fake_advance(r->kernel, 100000);
		r->now_ms += 100;
	}
}

static struct lease_name rig_name(struct rig *r, uint32_t lease)
{
	struct lease_name n;
	lease_name_of(&r->lease[lease].lease, n.s);
	return n;
}

struct lease *rig_held(struct rig *r, uint32_t lease)
{
	return leases_by_name(&r->actor->books, rig_name(r, lease).s);
}

enum task_phase rig_phase(struct rig *r, uint32_t lease)
{
	struct lease_name n = rig_name(r, lease);
	struct usage u;
	return fake->usage(r->kernel, &n, 1, &u) == 0 ? u.phase : TASK_NONE;
}

uint32_t rig_kernel_leases(struct rig *r)
{
	struct lease_name names[16];
	uint32_t n = 0;
	ck_assert_int_eq(fake->lease_list(r->kernel, names, 16, &n), 0);
	return n;
}

bool rig_reported(struct rig *r, uint32_t lease, const char *word)
{
	char path[SCRATCH_LEN], text[256] = "";
	snprintf(path, sizeof(path), "%s/state", rig_name(r, lease).s);
	int fd = openat(r->live_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool found = read(fd, text, sizeof(text) - 1) > 0 && strstr(text, word);
	close(fd);
	return found;
}

void rig_release(struct rig *r, uint32_t lease)
{
	rig_state(r, lease, "final", 0);
	rig_run(r, 3000);
	ck_assert_uint_eq(r->lease[lease].metered_s, rig_held(r, lease)->meter.up_ms / 1000);
	rig_state(r, lease, "done", LEASE_TERMINAL);
	rig_run(r, 2500);
	ck_assert_ptr_null(rig_held(r, lease));
}
