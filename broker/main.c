/* zeus-broker: the privileged parent. Mounts /zeus, keeps the two children alive, serves the kernel verbs to one of them. That is all.
 *
 * Start order: read configuration, open what needs privilege, verify, drop what is not needed, loop. It parses no user's input, links
 * neither FUSE's nor a cryptographic library, and never touches the mounted tree.
 *
 * The tour of the program begins here: this file, then plan.c (what is done for a lease), then ledger/state/state.h (what a lease is). */
#include "broker/child.h"
#include "broker/gpu_child.h"
#include "broker/mount.h"
#include "broker/retain.h"
#include "broker/setup.h"
#include "common/cleanup.h"
#include "common/confine.h"
#include "common/log.h"
#include "common/notify.h"
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

#define STOP_WAIT_MS 3000
#define GPU_AGAIN_MS 60000

struct arguments { const char *config, *state, *mount; bool check, sweep, keep_mount, unmount; };

struct broker {
	struct arguments arguments;
	struct conf conf;
	struct setup setup;
	struct kernel_policy policy;
	struct kernel *kernel;
	struct mount mount;
	struct child views, plan, gpu;
	int verbs_fd;         /* our end of the plan child's pipe; -1 while it is down */
	int signal_fd;
	uint64_t trimmed_ms;  /* when the logs of ended leases were last trimmed */
	bool stopping, reloading, ready;
};

static const char usage_text[] =
    "Usage: zeus-broker [--config FILE] [--state DIR] [--mount DIR]\n"
    "Mount the market at /zeus and enforce this machine's leases. Runs in the foreground, as root.\n\n"
    "  --config FILE   configuration (default " SYSCONFDIR "/zeus.conf)\n"
    "  --state DIR     state directory (default /var/lib/zeus)\n"
    "  --mount DIR     where the tree appears (default /zeus)\n"
    "  --check-config  read the configuration, say what is wrong with it, and exit\n"
    "  --keep-mount    leave the tree mounted at the end: the service manager keeps it for the next broker\n"
    "  --unmount       take away the tree that a broker left mounted, and exit\n"
    "  --sweep         end every lease of this installation on this machine, and exit\n"
    "  --help, --version\n\n"
    "SIGHUP: read the configuration again. SIGTERM: stop; tasks go on.\n"
    "Exit status: 0 done, 1 failed, 2 usage, 69 /dev/fuse or the mount point is not available,\n"
    "75 another broker runs on this state, 77 not root, 78 configuration.\n";

static uint64_t broker_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* -1: go on; else the exit code. */
static int broker_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option names[] = {{"config", 1, 0, 'c'}, {"state", 1, 0, 's'}, {"mount", 1, 0, 'm'},
	    {"check-config", 0, 0, 'k'}, {"keep-mount", 0, 0, 'K'}, {"unmount", 0, 0, 'u'},
	    {"sweep", 0, 0, 'w'}, {"help", 0, 0, 'h'}, {"version", 0, 0, 'v'}, {0, 0, 0, 0}};
	int c;
	memset(a, 0, sizeof(*a));
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'c': a->config = optarg; break;
		case 's': a->state = optarg; break;
		case 'm': a->mount = optarg; break;
		case 'k': a->check = true; break;
		case 'K': a->keep_mount = true; break;
		case 'u': a->unmount = true; break;
		case 'w': a->sweep = true; break;
		case 'h': fputs(usage_text, stdout); return 0;
		case 'v': puts("zeus-broker " PACKAGE_VERSION); return 0;
		case '?': fputs("Try: zeus-broker --help\n", stderr); return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "zeus-broker: unexpected argument: %s\nTry: zeus-broker --help\n", argv[optind]);
	return 2;
}

static int broker_configure(const struct arguments *a, struct conf *c)
{
	char why[512] = "";
	conf_defaults(c);
	if (!conf_read(c, a->config, why)) {
		fprintf(stderr, "zeus-broker: %s\n", why);
		return EX_CONFIG;
	}
	if (a->state && !conf_set_state_dir(c, a->state)) {
		fprintf(stderr, "zeus-broker: --state %s: give an absolute path\n", a->state);
		return 2;
	}
	if (a->mount && (a->mount[0] != '/' || (size_t)snprintf(c->mount, sizeof(c->mount), "%s", a->mount) >= sizeof(c->mount))) {
		fprintf(stderr, "zeus-broker: --mount %s: give an absolute path\n", a->mount);
		return 2;
	}
	log_set_level((enum log_level)c->log_level);
	return 0;
}

static int broker_say(int code, const char *why)
{
	log_error("%s", why);
	return code;
}

/* Everything that needs privilege, verified; nothing of it is visible to a user until mount_open. */
static int broker_open(struct broker *b)
{
	char why[512] = "";
	struct kernel_config kc;
	int code = setup_init(&b->setup, &b->conf, why);
	if (code)
		return broker_say(code, why);
	if (b->arguments.sweep)
		b->conf.ndevices = b->conf.gpu_fake = 0, strcpy(b->conf.gpus, "none"); /* what leases had need not be there to end them */
	if (!policy_init(&b->policy, &b->conf, why))
		return broker_say(EX_CONFIG, why);
	setup_kernel(&b->setup, &b->policy, &kc);
	if (kernel_direct_new(&kc, &b->kernel, why) < 0)
		return broker_say(EX_UNAVAILABLE, why);
	return 0;
}

/* What remains of root is what the verbs, mounting and starting the children take. Whatever is executed from here on inherits it. */
static int broker_confine(void)
{
	char why[128];
	int rc = kernel_privilege_keep();
	if (rc == 0)
		rc = confine_deny();
	if (rc == 0)
		return 0;
	snprintf(why, sizeof(why), "privileges cannot be given up: %s", strerror(-rc));
	return broker_say(EX_NOPERM, why);
}

static int broker_sweep(struct broker *b)
{
	autofree struct lease_name *name = calloc(LEASES_PER_NODE_MAX, sizeof(*name));
	struct timespec pause = {.tv_nsec = 5000000};
	uint32_t n = 0;
	int rc = name ? b->kernel->ops->lease_list(b->kernel, name, LEASES_PER_NODE_MAX, &n) : -ENOMEM, failed = rc < 0;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		int one, status, pid;
		while ((one = b->kernel->ops->lease_close(b->kernel, &name[i])) == -EINPROGRESS) {
			while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
				kernel_reaped(b->kernel, pid, status);
			nanosleep(&pause, NULL);
		}
		failed |= one < 0;
		printf("lease l-%s: %s\n", name[i].s, one < 0 ? strerror(-one) : "ended");
	}
	b->kernel->ops->close(b->kernel);
	return failed ? 1 : 0;
}

static int broker_start_views(struct broker *b, uint64_t now)
{
	const char *argv[] = {"zeus-views", b->mount.first ? "--first" : "--again", "--fuse-fd", "3", "--init-fd", "4", "--state-fd", "5",
	    "--tasks-fd", "6", "--live-fd", "7", "--taken-fd", "8", "--ledger", b->setup.socket, "--mount", b->conf.mount,
	    "--node-name", b->conf.node_name, NULL};
	int fds[] = {b->mount.fuse_fd, b->mount.init_fd, b->setup.views_fd, b->setup.tasks_fd, b->setup.live_fd,
	    b->mount.taken_fd};
	struct child_start how = {argv, fds, 6, b->setup.uid_views, b->setup.gid_views, b->setup.gid_zeus};
	lseek(b->mount.init_fd, 0, SEEK_SET);
	int rc = child_start(&b->views, &how, now);
	if (rc == 0)
		b->mount.first = false;
	return rc;
}

static void broker_offer_text(const struct resources *r, char *out, size_t cap)
{
	size_t len = 0;
	for (int k = 0; k < RESOURCES; k++)
		len += (size_t)snprintf(out + len, cap - len, "%s%u", k ? "," : "", r->v[k]);
}

static int broker_start_plan(struct broker *b, uint64_t now)
{
	char offer[RESOURCES * 12], uid[16], interval[16];
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	autoclose int theirs = pair[1];
	broker_offer_text(&b->policy.total, offer, sizeof(offer));
	snprintf(uid, sizeof(uid), "%u", b->conf.operator_uid);
	snprintf(interval, sizeof(interval), "%u", b->conf.receipt_interval_s);
	const char *argv[] = {"zeus-plan", "--verbs-fd", "3", "--live-fd", "4", "--ledger", b->setup.socket, "--node", b->conf.node_name,
	    "--operator", uid, "--interval", interval, "--offer", offer, NULL};
	int fds[] = {theirs, b->setup.live_fd};
	struct child_start how = {argv, fds, 2, b->setup.uid_plan, b->setup.gid_plan, b->setup.gid_zeus};
	b->verbs_fd = pair[0];
	return child_start(&b->plan, &how, now);
}

/* Without it nothing is lost but a measure: leases go on. */
static void broker_start_gpu(struct broker *b, uint64_t now)
{
	int fd;
	int rc = gpu_child_start(&b->gpu, b->conf.task_uid_base + GPU_UID, NULL, now, &fd);
	if (rc == 0)
		kernel_direct_gpu_feed(b->kernel, fd);
	else
		b->gpu.again_ms = now + GPU_AGAIN_MS;
}

static int broker_start_children(struct broker *b)
{
	uint64_t now = broker_now_ms();
	int rc = 0;
	if (b->stopping)
		return 0;
	if (child_due(&b->views, now))
		rc = broker_start_views(b, now);
	if (rc == 0 && child_due(&b->plan, now))
		rc = broker_start_plan(b, now);
	if (rc == 0 && kernel_gpus_sampled(b->policy.gpus) && child_due(&b->gpu, now))
		broker_start_gpu(b, now);
	if (rc < 0)
		log_error("a child cannot be started: %s", strerror(-rc));
	return rc;
}

static void broker_reap(struct broker *b)
{
	int status;
	pid_t pid;
	uint64_t now = broker_now_ms();
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == b->views.pid) {
			child_died(&b->views, status, now);
		} else if (pid == b->gpu.pid) {
			child_died(&b->gpu, status, now);
			b->gpu.again_ms = now + GPU_AGAIN_MS; /* a library that does not work today may after an update */
		} else if (pid == b->plan.pid) {
			child_died(&b->plan, status, now);
			close(b->verbs_fd);
			b->verbs_fd = -1;
		} else {
			kernel_reaped(b->kernel, pid, status);
		}
	}
}

static void broker_signal(struct broker *b)
{
	struct signalfd_siginfo info;
	while (read(b->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			broker_reap(b);
		else if (info.ssi_signo == SIGHUP)
			b->reloading = true;
		else
			b->stopping = true;
	}
}

static bool broker_fixed_eq(const struct conf *a, const struct conf *b)
{
	return !strcmp(a->mount, b->mount) && !strcmp(a->state_dir, b->state_dir) && !strcmp(a->run_dir, b->run_dir) &&
	       !strcmp(a->node_name, b->node_name) && !strcmp(a->user_views, b->user_views) && !strcmp(a->user_plan, b->user_plan) &&
	       !strcmp(a->group_zeus, b->group_zeus) && !strcmp(a->runtime, b->runtime) && a->task_uid_base == b->task_uid_base;
}

/* SIGHUP: what is sold and how often it is billed change now, by a plan child with new arguments; the rest at the next start. */
static void broker_reload(struct broker *b)
{
	struct conf next;
	struct kernel_policy policy;
	char why[512] = "it was said where";
	b->reloading = false;
	if (broker_configure(&b->arguments, &next) || !policy_init(&policy, &next, why)) {
		log_error("the configuration is wrong (%s); what was read before stays in force", why);
		return;
	}
	if (!broker_fixed_eq(&b->conf, &next))
		log_warning("mount, directories, names, users and runtime change at the next start only");
	b->conf.receipt_interval_s = next.receipt_interval_s;
	b->conf.operator_uid = next.operator_uid;
	kernel_direct_policy(b->kernel, &policy);
	kernel_gpus_free((struct gpu_table *)(uintptr_t)b->policy.gpus);
	b->policy = policy;
	b->plan.failures = 0; /* this end is no failure, and is not to be waited after */
	if (b->plan.pid)
		kill(b->plan.pid, SIGTERM);
	log_info("the configuration was read again");
}

/* One request of the plan child. What it must not send costs it its life; a new one is started. */
static void broker_serve(struct broker *b)
{
	int rc = kernel_serve(b->kernel, b->verbs_fd);
	if (rc == -EBADMSG && b->plan.pid) {
		log_error("zeus-plan sent what it must not; it is ended and started anew");
		kill(b->plan.pid, SIGKILL);
	}
	if (rc < 0) {
		close(b->verbs_fd);
		b->verbs_fd = -1;
	}
}

struct broker_open_leases { struct lease_name name[LEASES_PER_NODE_MAX]; uint32_t n; };

static bool broker_holds(const void *open, const char *name)
{
	const struct broker_open_leases *l = open;
	for (uint32_t i = 0; i < l->n; i++)
		if (strcmp(l->name[i].s, name) == 0)
			return true;
	return false;
}

/* The output of ended tasks is there for a while, not for ever. */
static void broker_trim(struct broker *b)
{
	uint64_t now = broker_now_ms();
	if (b->trimmed_ms && now - b->trimmed_ms < ENDED_TRIM_MS)
		return;
	b->trimmed_ms = now;
	autofree struct broker_open_leases *open = calloc(1, sizeof(*open));
	int rc = open ? b->kernel->ops->lease_list(b->kernel, open->name, LEASES_PER_NODE_MAX, &open->n) : -ENOMEM;
	if (rc == 0)
		rc = retain_newest(b->setup.tasks_fd, ENDED_KEEP, broker_holds, open);
	if (rc < 0)
		log_warning("logs of ended tasks cannot be removed: %s", strerror(-rc));
}

static int broker_wait_ms(const struct broker *b)
{
	uint64_t watchdog = notify_watchdog_every_ms();
	if (!b->views.pid || !b->plan.pid)
		return 50;
	return watchdog && watchdog < 60000 ? (int)watchdog : 60000;
}

static void broker_loop(struct broker *b)
{
	while (!b->stopping) {
		if (broker_start_children(b) == 0 && !b->ready) {
			b->ready = true;
			notify_ready("serving");
			log_info("%s is mounted; instance %s", b->conf.mount, b->setup.instance);
		}
		/* Only now: a child that was just started has a pipe of its own. */
		struct pollfd p[2] = {{.fd = b->signal_fd, .events = POLLIN}, {.fd = b->verbs_fd, .events = POLLIN}};
		if (poll(p, 2, broker_wait_ms(b)) < 0 && errno != EINTR)
			return;
		notify_watchdog();
		broker_trim(b);
		if (p[1].revents)
			broker_serve(b);
		if (p[0].revents)
			broker_signal(b);
		if (b->reloading)
			broker_reload(b);
	}
}

/* SIGTERM first; who has not gone within three seconds is killed. */
static void broker_stop_child(struct child *c)
{
	siginfo_t info;
	struct timespec pause = {.tv_nsec = 10000000};
	uint64_t until = broker_now_ms() + STOP_WAIT_MS;
	if (!c->pid)
		return;
	kill(c->pid, SIGTERM);
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == c->pid)
			break;
		if (broker_now_ms() >= until)
			kill(c->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	c->pid = 0;
}

/* Tasks go on: the next broker adopts them. */
static void broker_stop(struct broker *b)
{
	notify_stopping();
	if (!b->arguments.keep_mount)
		mount_close(&b->mount);
	broker_stop_child(&b->views);
	mount_leave(&b->mount);
	broker_stop_child(&b->plan);
	broker_stop_child(&b->gpu);
	b->kernel->ops->close(b->kernel);
}

static int broker_signals(struct broker *b)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	b->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return b->signal_fd < 0 ? -errno : 0;
}

static int broker_unmount(const struct broker *b)
{
	char why[512];
	const char *dir = b->arguments.mount ? b->arguments.mount : b->conf.mount;
	int rc = mount_drop(dir);
	snprintf(why, sizeof(why), "unmounting %s: %s", dir, strerror(-rc));
	return rc < 0 ? broker_say(1, why) : 0;
}

int main(int argc, char **argv)
{
	struct broker b = {.views = {.program = "zeus-views"}, .plan = {.program = "zeus-plan"}, .gpu = {.program = "zeus-gpu"},
	    .verbs_fd = -1, .mount = {.fuse_fd = -1, .init_fd = -1, .taken_fd = -1}};
	char why[512] = "";
	int code = broker_arguments(argc, argv, &b.arguments);
	if (code >= 0)
		return code;
	log_open("zeus-broker");
	code = broker_configure(&b.arguments, &b.conf);
	if (b.arguments.unmount) /* a mistake in the configuration may be why nobody serves the tree: what was understood must do */
		return broker_unmount(&b);
	if (code || b.arguments.check)
		return code;
	if (geteuid() != 0)
		return broker_say(
		    EX_NOPERM, "zeus-broker must be started as root: it mounts the tree and sets limits; try: sudo zeus-broker");
	if (broker_signals(&b) < 0 || (code = broker_open(&b)) || (code = broker_confine()))
		return code ? code : 1;
	if (b.arguments.sweep)
		return broker_sweep(&b);
	if (!mount_kept(&b.mount, b.conf.mount) && (code = mount_open(&b.mount, b.conf.mount, why)))
		return broker_say(code, why);
	broker_loop(&b);
	broker_stop(&b);
	return 0;
}
