/* zeus-views: the process that serves /zeus, as an unprivileged user, for zeus-broker.
 *
 * Order: take the descriptors and files that need privilege, give the privilege up, confine, serve. With --standalone, for tests, it mounts
 * by itself: one process keeps root only to unmount when the serving one has ended. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <gnu/lib-names.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/confine.h"
#include "common/log.h"
#include "common/sysuser.h"
#include "zfs-views/serve.h"

struct options {
	int fuse_fd, state_fd, tasks_fd, live_fd, init_fd, taken_fd; bool first, standalone;
	const char *ledger, *mount, *state, *user, *node, *group;
};

enum {
	O_FUSE = 256,
	O_STATE_FD,
	O_TASKS,
	O_LIVE,
	O_INIT,
	O_TAKEN,
	O_FIRST,
	O_AGAIN,
	O_STANDALONE,
	O_LEDGER,
	O_MOUNT,
	O_STATE,
	O_USER,
	O_NODE,
	O_GROUP,
	O_HELP
};

static const struct option long_options[] = {
	{"fuse-fd", 1, NULL, O_FUSE}, {"state-fd", 1, NULL, O_STATE_FD}, {"tasks-fd", 1, NULL, O_TASKS}, {"live-fd", 1, NULL, O_LIVE},
	{"init-fd", 1, NULL, O_INIT}, {"taken-fd", 1, NULL, O_TAKEN}, {"first", 0, NULL, O_FIRST}, {"again", 0, NULL, O_AGAIN},
	{"standalone", 0, NULL, O_STANDALONE},
	{"ledger", 1, NULL, O_LEDGER}, {"mount", 1, NULL, O_MOUNT}, {"state", 1, NULL, O_STATE}, {"user", 1, NULL, O_USER},
	{"node-name", 1, NULL, O_NODE}, {"group", 1, NULL, O_GROUP}, {"help", 0, NULL, O_HELP}, {NULL, 0, NULL, 0}};

static int usage(FILE *to, int code)
{
	fputs("usage: zeus-views --fuse-fd N --state-fd N [--tasks-fd N] [--live-fd N] --init-fd N [--taken-fd N] --first|--again "
	      "--ledger PATH --mount DIR\n"
	      "       zeus-views --standalone --mount DIR --state DIR --ledger PATH\n"
	      "       [--node-name NAME] [--user NAME] [--group NAME]\n"
	      "Serves the tree of zeus; started by zeus-broker(8), or by hand with --standalone.\n",
	    to);
	return code;
}

static bool take_option(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case O_FUSE: o->fuse_fd = atoi(arg); return true;
	case O_STATE_FD: o->state_fd = atoi(arg); return true;
	case O_TASKS: o->tasks_fd = atoi(arg); return true;
	case O_LIVE: o->live_fd = atoi(arg); return true;
	case O_INIT: o->init_fd = atoi(arg); return true;
	case O_TAKEN: o->taken_fd = atoi(arg); return true;
	case O_FIRST: o->first = true; return true;
	case O_AGAIN: o->first = false; return true;
	case O_STANDALONE: o->standalone = true; return true;
	case O_LEDGER: o->ledger = arg; return true;
	case O_MOUNT: o->mount = arg; return true;
	case O_STATE: o->state = arg; return true;
	case O_USER: o->user = arg; return true;
	case O_NODE: o->node = arg; return true;
	case O_GROUP: o->group = arg; return true;
	}
	return false;
}

static bool complete(const struct options *o)
{
	if (!o->ledger || !o->mount || strlen(o->mount) >= 256 || strlen(o->node) > NAME_MAX_LEN)
		return false;
	return o->standalone ? o->state != NULL : o->fuse_fd >= 0 && o->state_fd >= 0 && o->init_fd >= 0;
}

static int open_folder(int dir, const char *name)
{
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* --state DIR: the layout that the broker keeps. */
static int open_state(struct options *o)
{
	autoclose int dir = open_folder(AT_FDCWD, o->state);
	if (dir < 0)
		return dir;
	o->state_fd = open_folder(dir, "views");
	o->tasks_fd = open_folder(dir, "tasks");
	o->live_fd = open_folder(dir, "live");
	if (o->state_fd < 0)
		return o->state_fd;
	uid_t uid;
	gid_t gid;
	if (o->user && sysuser_find(o->user, &uid, &gid) == 0 && fchown(o->state_fd, uid, gid) < 0)
		return -errno;
	return 0;
}

static int read_init(const struct options *o, struct serve_conf *c)
{
	if (o->init_fd < 0)
		return 0;
	ssize_t n = pread(o->init_fd, c->init, sizeof c->init, 0);
	if (n < 40)
		return n < 0 ? -errno : -EBADMSG;
	c->init_len = (size_t)n;
	close(o->init_fd);
	return 0;
}

/* Root no longer, if this user exists; the broker may have done it already. */
static int drop(const struct options *o, gid_t gid_zeus)
{
	uid_t uid;
	gid_t gid;
	if (geteuid() != 0 || !o->user)
		return 0;
	int err = sysuser_find(o->user, &uid, &gid);
	return err ? err : confine_drop(uid, gid, &gid_zeus, 1);
}

/* Users are looked up while serving, hence /etc. */
static int confine(const struct options *o)
{
	autoclose int etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct confine_place places[] = {{o->state_fd, true}, {o->tasks_fd, false}, {o->live_fd, false}, {etc, false}};
	int err = confine_files(places, sizeof places / sizeof places[0]);
	return err < 0 ? err : confine_seccomp(CONFINE_VIEWS);
}

static int run(struct options *o)
{
	struct serve_conf c = {.fuse_fd = o->fuse_fd, .taken_fd = o->taken_fd, .first = o->first || o->standalone};
	gid_t gid_zeus = 0;
	int err = read_init(o, &c);
	if (err)
		return err;
	sysuser_find_group(o->group, &gid_zeus); /* a machine without the group: root's */
	c.fs = (struct fs_conf){.state_fd = o->state_fd, .ledger = o->ledger, .first = c.first};
	c.fs.view = (struct view){.tasks_fd = o->tasks_fd, .live_fd = o->live_fd, .images_fd = -1, .gid_zeus = gid_zeus};
	strcpy(c.fs.view.mount, o->mount);
	strcpy(c.fs.view.node_name, o->node);
	err = drop(o, gid_zeus);
	/* pthread_cancel, with which libfuse ends its workers, loads this, and no code can be loaded once confined. Never closed. */
	if (!err && !dlopen(LIBGCC_S_SO, RTLD_NOW))
		err = -ELIBACC;
	if (!err && !o->standalone)
		err = confine(o);
	return err ? err : serve(&c);
}

static int report(int err)
{
	if (err)
		log_error("cannot serve: %s", strerrordesc_np(-err));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Mount, let a child serve, unmount when it is gone for whatever reason. */
static int stand_alone(struct options *o)
{
	sigset_t set, old;
	int status = 0, sig = 0;
	int err = open_state(o);
	if (!err)
		err = serve_mount(o->mount, &o->fuse_fd);
	if (err)
		return report(err);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid_t child = fork();
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		_exit(report(run(o)));
	}
	close(o->fuse_fd);
	while (child > 0 && sigwait(&set, &sig) == 0 && sig != SIGCHLD)
		kill(child, SIGTERM);
	umount2(o->mount, MNT_DETACH);
	if (child > 0)
		waitpid(child, &status, 0);
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options o = {
	    .fuse_fd = -1, .state_fd = -1, .tasks_fd = -1, .live_fd = -1, .init_fd = -1, .taken_fd = -1, .node = "", .group = "zeus"};
	log_open("zeus-views");
	umask(0077);
	signal(SIGPIPE, SIG_IGN);
	for (int opt; (opt = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
		if (opt == O_HELP)
			return usage(stdout, EXIT_SUCCESS);
		if (!take_option(&o, opt, optarg))
			return usage(stderr, 2);
	}
	if (optind < argc || !complete(&o))
		return usage(stderr, 2);
	if (o.standalone)
		return stand_alone(&o);
	o.user = o.user ? o.user : "zeus-views";
	return report(run(&o));
}
