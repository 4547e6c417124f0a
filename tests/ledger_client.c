/* The test's side of the ledger's socket.
 *
 * Knows how to run the built program, wait for READY=1 on a notification socket, and fold facts. Does not know what a test is after. */
#include "tests/ledger_client.h"
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static const char *program(void)
{
	static char path[512];
	const char *top = getenv("top_builddir");
	snprintf(path, sizeof path, "%s/zeus-ledger", top ? top : ".");
	return path;
}

static pid_t spawn(const char *const *args, uid_t as)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (as && setresuid(as, as, as) < 0)
			_exit(126);
		setenv("ASAN_OPTIONS", "detect_leaks=0", 0); /* a confined process may not trace itself, as that check does */
		execv(program(), (char *const *)args);
		_exit(127);
	}
	return pid;
}

static int reap(pid_t pid)
{
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int daemon_run(const char *const *args)
{
	return reap(spawn(args, 0));
}

static void notify_open(struct daemon *d)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%.90s/notify", d->dir);
	d->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(d->notify, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(chmod(a.sun_path, 0777), 0); /* whoever the ledger runs as */
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
}

void daemon_init_in(struct daemon *d, const char *const *more, uid_t as)
{
	const char *args[32] = {"zeus-ledger", "--init", "--state", d->state};
	d->config[0] = 0;
	d->as = as;
	snprintf(d->state, sizeof d->state, "%s/s", d->dir);
	for (int i = 0; more[i]; i++)
		args[4 + i] = more[i];
	notify_open(d);
	ck_assert_int_eq(reap(spawn(args, as)), 0);
}

void daemon_init(struct daemon *d, const char *const *more)
{
	scratch_make(d->dir);
	daemon_init_in(d, more, 0);
}

/* Until it says something; that it ended instead is a failure. */
static void await_word(const struct daemon *d)
{
	struct pollfd p[2] = {{.fd = d->notify, .events = POLLIN}, {.fd = pidfd_open(d->pid, 0), .events = POLLIN}};
	ck_assert_int_ge(p[1].fd, 0);
	ck_assert_int_gt(poll(p, 2, -1), 0);
	close(p[1].fd);
	if (!p[0].revents)
		ck_abort_msg("it ended with %d", reap(d->pid));
}

void daemon_start(struct daemon *d)
{
	const char *args[] = {"zeus-ledger", "--state", d->state, d->config[0] ? "--config" : NULL, d->config, NULL};
	char text[256];
	d->pid = spawn(args, d->as);
	for (;;) {
		await_word(d);
		ssize_t n = recv(d->notify, text, sizeof text - 1, 0);
		ck_assert_int_gt(n, 0);
		text[n] = 0;
		if (strstr(text, "READY=1"))
			return;
	}
}

int daemon_stop(struct daemon *d, int signo)
{
	kill(d->pid, signo);
	return reap(d->pid);
}

void daemon_remove(struct daemon *d)
{
	close(d->notify);
	scratch_remove(d->dir);
}

/* --- folding --- */

void fold_free(struct fold *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->o[i].bytes);
	free(f->o);
	*f = (struct fold){.each = f->each, .arg = f->arg};
}

static struct folded *fold_find(const struct fold *f, uint8_t kind, const struct id *id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->o[i].kind == kind && id_cmp(&f->o[i].id, id) == 0)
			return &f->o[i];
	return NULL;
}

static bool object_id(const struct fact *f, struct id *id)
{
	*id = (struct id){{0}};
	if (f->kind == FACT_ACCOUNT)
		memcpy(id->b, f->u.account.address.b, sizeof id->b);
	else if (f->kind == FACT_LANE)
		id->b[0] = f->u.lane.lane;
	else if (f->kind == FACT_SYMBOL)
		id->b[0] = (uint8_t)f->u.symbol.symbol;
	else if (f->kind != FACT_BLOCK)
		return false;
	return true;
}

static void fold_put(struct fold *f, const struct fact *fact, const uint8_t *p, size_t len)
{
	struct id id;
	if (f->each)
		f->each(f->arg, fact);
	if (fact->kind == FACT_RESET) {
		uint32_t resets = f->resets + 1;
		fold_free(f);
		f->resets = resets;
	}
	if (!object_id(fact, &id))
		return;
	struct folded *o = fold_find(f, fact->kind, &id);
	if (!o && f->n == f->cap) {
		f->cap = 2 * f->cap + 32;
		f->o = realloc(f->o, f->cap * sizeof *f->o);
	}
	if (!o) {
		o = &f->o[f->n++];
		*o = (struct folded){.kind = fact->kind, .id = id};
	}
	o->bytes = realloc(o->bytes, len);
	memcpy(o->bytes, p, len);
	o->len = len;
	if (fact->kind == FACT_BLOCK) {
		ck_assert(id_is_zero(&f->hash) || fact->u.block.height == f->height + 1);
		f->height = fact->u.block.height;
		f->hash = fact->u.block.hash;
	}
}

static void fold_facts(struct fold *f, struct slice body)
{
	struct rbuf r = rbuf_on(body.p, body.len);
	struct fact fact;
	for (size_t at = 0; fact_next(&r, &fact); at = r.pos)
		fold_put(f, &fact, body.p + at, r.pos - at);
	ck_assert(!r.bad && r.pos == r.len);
}

bool fold_same(const struct fold *a, const struct fold *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct folded *o = fold_find(b, a->o[i].kind, &a->o[i].id);
		if (!o || o->len != a->o[i].len || memcmp(o->bytes, a->o[i].bytes, o->len) != 0)
			return false;
	}
	return true;
}

/* --- talking --- */

uint64_t lc_send(struct lc *c, uint8_t type, const void *body, size_t len)
{
	return conn_send(c->fd, type, ++c->req, body, len, 0) == 0 ? c->req : 0;
}

bool lc_next(struct lc *c, struct wire_head *head, struct slice *body)
{
	for (;;) {
		if (conn_recv(c->fd, c->buf, head, body, 0) < 0)
			return false;
		if (head->type == WIRE_FACTS)
			fold_facts(c->fold, *body);
		else if (head->type == WIRE_UIDS)
			ck_assert(wire_uids_get(*body, c->uids, 16, &c->nuids));
		else if (head->type == WIRE_WELCOME)
			ck_assert(wire_welcome_get(*body, &c->welcome));
		else
			return true;
	}
}

/* Nothing marks the end of what was missed but the height that WELCOME named. */
void lc_open(struct lc *c, const struct daemon *d, struct fold *fold)
{
	char path[SCRATCH_LEN + 32];
	uint8_t bytes[64];
	struct wire_head head;
	struct slice body;
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct wire_hello hello = {.height = fold->n ? fold->height : ~0ULL, .hash = fold->hash, .history = fold->history};
	*c = (struct lc){.fold = fold, .welcome = {.height = ~0ULL}};
	snprintf(path, sizeof path, "%s/run/ledger.sock", d->state);
	ck_assert_int_eq(conn_dial(path, &c->fd), 0);
	wire_hello_put(&w, &hello);
	ck_assert_uint_ne(lc_send(c, WIRE_HELLO, bytes, w.len), 0);
	while (c->welcome.height == ~0ULL || !c->nuids || !fold->n || fold->height < c->welcome.height) {
		ck_assert_int_eq(conn_recv(c->fd, c->buf, &head, &body, 0), 0);
		if (head.type == WIRE_FACTS)
			fold_facts(fold, body);
		else if (head.type == WIRE_UIDS)
			ck_assert(wire_uids_get(body, c->uids, 16, &c->nuids));
		else
			ck_assert(head.type == WIRE_WELCOME && wire_welcome_get(body, &c->welcome));
	}
}

void lc_close(struct lc *c)
{
	close(c->fd);
}

bool lc_answer(struct lc *c, uint64_t *req, struct wire_answer *out)
{
	struct wire_head head;
	struct slice body;
	if (!lc_next(c, &head, &body))
		return false;
	ck_assert(head.type == WIRE_ANSWER && wire_answer_get(body, out));
	*req = head.req;
	return true;
}

struct wire_answer lc_wait(struct lc *c, uint64_t req)
{
	struct wire_answer a;
	uint64_t got;
	ck_assert(req && lc_answer(c, &got, &a));
	ck_assert_uint_eq(got, req);
	return a;
}

struct wire_answer lc_sync(struct lc *c)
{
	return lc_wait(c, lc_send(c, WIRE_SYNC, NULL, 0));
}

uint64_t lc_intent(struct lc *c, uint32_t uid, const struct tx *tx)
{
	static uint8_t body[WIRE_MAX], bytes[WIRE_MAX];
	struct wbuf w = wbuf_on(body, sizeof body), m = wbuf_on(bytes, sizeof bytes - WIRE_HEAD_LEN);
	tx_body_put(&w, tx);
	struct wire_intent intent = {.uid = uid, .type = tx->type, .scope = tx->scope, .body = {body, w.len}};
	wire_intent_put(&m, &intent);
	ck_assert(!w.bad && !m.bad);
	return lc_send(c, WIRE_INTENT, bytes, m.len);
}

enum verdict lc_do(struct lc *c, uint32_t uid, const struct tx *tx)
{
	enum verdict v = (enum verdict)lc_wait(c, lc_intent(c, uid, tx)).verdict;
	ck_assert_int_eq(lc_sync(c).verdict, V_OK);
	return v;
}

uint64_t lc_submit(struct lc *c, struct slice envelope)
{
	static uint8_t bytes[WIRE_MAX];
	struct wbuf m = wbuf_on(bytes, sizeof bytes - WIRE_HEAD_LEN);
	put_blob(&m, envelope.p, envelope.len);
	ck_assert(!m.bad);
	return lc_send(c, WIRE_SUBMIT, bytes, m.len);
}

bool lc_gone(struct lc *c)
{
	struct wire_head head;
	struct slice body;
	return !lc_next(c, &head, &body);
}

uint64_t lc_transfer(struct lc *c, uint32_t uid, const struct address *to, uint64_t amount, const struct cid *cid)
{
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.cid = *cid, .to = *to, .amount = money_of(amount)};
	return lc_intent(c, uid, &tx);
}

bool lc_address(const struct lc *c, uint32_t uid, struct address *out)
{
	for (uint32_t i = 0; i < c->nuids; i++)
		if (c->uids[i].uid == uid) {
			*out = c->uids[i].address;
			return true;
		}
	return false;
}

uint64_t lc_balance(const struct lc *c, const struct address *a)
{
	struct id id;
	struct fact f;
	memcpy(id.b, a->b, sizeof id.b);
	struct folded *o = fold_find(c->fold, FACT_ACCOUNT, &id);
	if (!o)
		return 0;
	struct rbuf r = rbuf_on(o->bytes, o->len);
	ck_assert(fact_next(&r, &f));
	return money_base(f.u.account.balance);
}

/* --- main --- */

bool test_as_nobody(void)
{
	return geteuid() != 0 || (setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

int test_run(const char *title, const TTest *const *tests, size_t n)
{
	TCase *cases = tcase_create(title);
	Suite *suite = suite_create(title);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(cases, tests[i]);
	tcase_set_timeout(cases, 180);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
