/* The parent's half in this process, plan and a ledger that takes receipts in two others, all of them the programs' own code.
 *
 * It knows how plan's loop goes round. It does not know how leases come about: they are told to plan as if the ledger had. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>
#include "bench/commitment.h"
#include "bench/measure.h"
#include "bench/second.h"
#include "broker/act.h"

#define WARM_NS 4000000000ull
#define SAMPLES 20
#define SECOND_NS 1000000000ull
#define INTERVAL_MS 60000
#define WORK_NS 200000
#define WORK_PAUSE_NS 500000000

struct others { pid_t plan, ledger; int verbs; };

static uint64_t process_ns(pid_t pid)
{
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t) < 0)
		measure_fail("the processor time of process %d is not known", (int)pid);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void ledger(int fd)
{
	static uint8_t buf[WIRE_MAX];
	static struct usage_receipt r[WIRE_USAGES_MAX];
	struct commitment *c = commitment_new();
	struct wire_head head;
	struct slice body;
	for (uint32_t seq = 0; c && conn_recv(fd, buf, &head, &body, 0) == 0; seq++) {
		uint8_t out[64];
		struct rbuf in = rbuf_on(body.p, body.len);
		uint32_t n = get_u32(&in);
		for (uint32_t i = 0; i < n && i < WIRE_USAGES_MAX; i++)
			if (!usage_receipt_get(&in, &r[i]))
				_exit(1);
		commitment_receipts(c, r, n, seq);
		struct wbuf w = wbuf_on(out, sizeof out);
		wire_answer_put(&w, &(struct wire_answer){.verdict = V_OK});
		if (conn_send(fd, WIRE_ANSWER, head.req, out, w.len, 0) < 0)
			break;
	}
	_exit(0);
}

static void tell_leases(struct actor *a, const struct lease_name *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct lease *l = leases_by_name(&a->books, names[i].s);
		if (!l)
			measure_fail("lease %s was not adopted", names[i].s);
		l->known = true;
		l->fact.flags = LEASE_RUN;
		l->fact.res = l->run.held; /* nothing is to be changed */
		l->fact.since_ms = a->wall_ms;
		snprintf(l->fact.state, sizeof l->fact.state, "run");
		l->run.receipt_ms = a->now_ms - (uint64_t)i * INTERVAL_MS / n; /* not all of them began at once */
	}
}

static void plan(int verbs, int link, int live, const struct lease_name *names, uint32_t n)
{
	struct actor *a = act_new();
	if (!a || kernel_client_new(verbs, &a->kernel) < 0 || a->kernel->ops->inventory(a->kernel, &a->inventory) < 0)
		measure_fail("plan cannot start");
	a->live_fd = live;
	a->interval_ms = INTERVAL_MS;
	leases_init(&a->books, "bench");
	link_init(&a->link, "", 0);
	a->link.fd = link;
	a->link.welcomed = a->link.caught_up = true;
	act_now(a);
	if (act_adopt(a) < 0)
		measure_fail("leases cannot be adopted");
	tell_leases(a, names, n);
	for (;;) {
		struct pollfd p[2] = {{.fd = link, .events = POLLIN}, {.fd = verbs}};
		act_now(a);
		uint64_t next = a->tick_ms + TICK_MS;
		if (poll(p, 2, next > a->now_ms ? (int)(next - a->now_ms) : 0) < 0 && errno != EINTR)
			_exit(1);
		if (p[1].revents & (POLLHUP | POLLERR))
			_exit(0);
		act_now(a);
		act_pass(a, p[0].revents != 0);
	}
}

static pid_t fork_with(void)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		measure_fail("fork: %s", strerror(errno));
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(1);
	return pid;
}

static struct others begin(const struct site *s, const struct lease_name *names, uint32_t n)
{
	char path[300];
	int verbs[2], link[2];
	struct others o;
	snprintf(path, sizeof path, "%s/live", s->cfg.state_dir);
	mkdir(path, 0755);
	int live = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fail = live < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, verbs) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, link) < 0;
	if (fail && errno == EMFILE)
		measure_skip("9-busy", "this machine lets no process have as many descriptors as %u leases want", n);
	if (fail)
		measure_fail("descriptors: %s", strerror(errno));
	o.ledger = fork_with();
	if (o.ledger == 0) {
		close(link[0]);
		ledger(link[1]);
	}
	o.plan = fork_with();
	if (o.plan == 0) {
		close(verbs[0]);
		close(link[1]);
		plan(verbs[1], link[0], live, names, n);
	}
	close(live);
	close(verbs[1]);
	close(link[0]);
	close(link[1]);
	o.verbs = verbs[0];
	return o;
}

static void serve_until(struct kernel *k, int fd, uint64_t end)
{
	for (uint64_t now; (now = measure_now_ns()) < end;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int n = poll(&p, 1, (int)((end - now) / 1000000) + 1);
		int r = n > 0 ? kernel_serve(k, fd) : 0;
		if (r < 0)
			measure_fail("the pipe to plan: %s", strerror(-r));
	}
}

void second_measure(struct site *s, const struct lease_name *names, uint32_t n, const char *key, const char *what)
{
	double kernel[SAMPLES], planned[SAMPLES], signing[SAMPLES], all[SAMPLES];
	char measured[32];
	struct others o = begin(s, names, n);
	serve_until(s->k, o.verbs, measure_now_ns() + WARM_NS);
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t a = measure_cpu_ns(), b = process_ns(o.plan), c = process_ns(o.ledger);
		serve_until(s->k, o.verbs, measure_now_ns() + SECOND_NS);
		kernel[i] = (double)(measure_cpu_ns() - a);
		planned[i] = (double)(process_ns(o.plan) - b);
		signing[i] = (double)(process_ns(o.ledger) - c);
		all[i] = (kernel[i] + planned[i] + signing[i]) * 1000 / n;
	}
	close(o.verbs);
	second_end((pid_t[]){o.plan, o.ledger}, 2);
	double share = measure_median(all, SAMPLES) / 1e7;
	snprintf(measured, sizeof measured, "%.2f %%", share);
	measure_row(key, measured, "2 %", share / 2);
	measure_note(key, "%u leases, %s: a second is %.2f ms in the parent, %.2f in plan, %.2f for the signature; in all %.2f to %.2f %%",
	    n, what, measure_median(kernel, SAMPLES) / 1e6, measure_median(planned, SAMPLES) / 1e6, measure_median(signing, SAMPLES) / 1e6,
	    measure_quantile(all, SAMPLES, 0) / 1e7, measure_quantile(all, SAMPLES, 1) / 1e7);
}

pid_t second_worker(void)
{
	pid_t pid = fork_with();
	if (pid)
		return pid;
	for (;;) {
		struct timespec pause = {0, WORK_PAUSE_NS};
		uint64_t end = measure_cpu_ns() + WORK_NS;
		while (measure_cpu_ns() < end)
			;
		nanosleep(&pause, NULL);
	}
}

void second_end(const pid_t *pids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (uint32_t i = 0; i < n; i++)
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
}
