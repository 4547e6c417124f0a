/* Directories with their owners, the lock, the instance id. All of it is done before anything is mounted or started.
 *
 * Knows where things live; starts nothing. Directories are made beneath one descriptor, never by a path that a user could turn. */
#include "broker/setup.h"
#include "common/cleanup.h"
#include "common/sysuser.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>

#define WHY 512

/* mkdir -p for a path of our own configuration. */
static int setup_path(const char *path, mode_t mode)
{
	char part[CONF_PATH_LEN];
	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(part, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int setup_dir(int state_fd, const char *name, uid_t uid, gid_t gid, mode_t mode)
{
	if (mkdirat(state_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(state_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int setup_users(struct setup *s, char *why)
{
	const struct conf *c = s->conf;
	if (sysuser_find(c->user_views, &s->uid_views, &s->gid_views) == 0 && sysuser_find(c->user_plan, &s->uid_plan, &s->gid_plan) == 0 &&
	    sysuser_find_group(c->group_zeus, &s->gid_zeus) == 0)
		return 0;
	snprintf(why, WHY, "the system users %s and %s and the group %s are needed; make them with: systemd-sysusers (or ./quickstart.sh)",
	    c->user_views, c->user_plan, c->group_zeus);
	return EX_CONFIG;
}

static int setup_lock(struct setup *s, int state_fd, char *why)
{
	s->lock_fd = openat(state_fd, "broker.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock_fd >= 0 && flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (s->lock_fd >= 0 && errno == EWOULDBLOCK)
		snprintf(why, WHY, "another zeus-broker runs on %s; stop it first, or use another --state", s->conf->state_dir);
	else
		snprintf(why, WHY, "%s/broker.lock: %s", s->conf->state_dir, strerror(errno));
	return EX_TEMPFAIL;
}

static int setup_instance_new(int state_fd, char id[INSTANCE_ID_LEN + 1])
{
	uint8_t raw[INSTANCE_ID_LEN / 2];
	autoclose int fd = openat(state_fd, ".instance.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return -errno;
	hex_encode(raw, sizeof(raw), id);
	if (dprintf(fd, "%s\n", id) < 0 || fsync(fd) < 0 || renameat(state_fd, ".instance.new", state_fd, "instance") < 0)
		return -errno;
	return 0;
}

static int setup_instance(struct setup *s, int state_fd, char *why)
{
	uint8_t raw[INSTANCE_ID_LEN / 2];
	char text[INSTANCE_ID_LEN + 2] = "";
	autoclose int fd = openat(state_fd, "instance", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		int rc = setup_instance_new(state_fd, s->instance);
		if (rc < 0)
			snprintf(why, WHY, "%s/instance: %s", s->conf->state_dir, strerror(-rc));
		return rc < 0 ? EX_CONFIG : 0;
	}
	if (fd >= 0 && read(fd, text, INSTANCE_ID_LEN) == INSTANCE_ID_LEN && hex_decode(text, raw, sizeof(raw))) {
		memcpy(s->instance, text, INSTANCE_ID_LEN + 1);
		return 0;
	}
	snprintf(why, WHY,
	    "%s/instance is damaged: it must hold %d hex digits; restore it, or remove it when no lease of this installation runs",
	    s->conf->state_dir, INSTANCE_ID_LEN);
	return EX_CONFIG;
}

static int setup_dirs(struct setup *s, int state_fd, char *why)
{
	s->views_fd = setup_dir(state_fd, "views", s->uid_views, s->gid_views, 0700);
	s->tasks_fd = setup_dir(state_fd, "tasks", 0, s->gid_views, 0750);
	s->live_fd = setup_dir(state_fd, "live", s->uid_plan, s->gid_views, 02750);
	autoclose int images = s->views_fd < 0 ? -1 : setup_dir(s->views_fd, "images", s->uid_views, s->gid_views, 0700);
	autoclose int bundles = setup_dir(state_fd, "bundles", 0, 0, 0711);
	autoclose int leases = setup_dir(state_fd, "leases", 0, 0, 0700);
	if (s->tasks_fd >= 0 && s->live_fd >= 0 && images >= 0 && bundles >= 0 && leases >= 0)
		return 0;
	snprintf(why, WHY, "%s: its directories cannot be made; is it a writable local file system?", s->conf->state_dir);
	return EX_CONFIG;
}

int setup_init(struct setup *s, const struct conf *c, char *why)
{
	memset(s, 0, sizeof(*s));
	s->conf = c;
	snprintf(s->socket, sizeof(s->socket), "%s/ledger.sock", c->run_dir);
	int rc = setup_users(s, why);
	if (rc)
		return rc;
	if (setup_path(c->state_dir, 0755) < 0) {
		snprintf(why, WHY, "%s: %s", c->state_dir, strerror(errno));
		return EX_CONFIG;
	}
	autoclose int state_fd = open(c->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state_fd < 0) {
		snprintf(why, WHY, "%s: %s", c->state_dir, strerror(errno));
		return EX_CONFIG;
	}
	if ((rc = setup_lock(s, state_fd, why)) || (rc = setup_instance(s, state_fd, why)))
		return rc;
	return setup_dirs(s, state_fd, why);
}

void setup_kernel(const struct setup *s, const struct kernel_policy *p, struct kernel_config *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->instance, s->instance, sizeof(out->instance));
	memcpy(out->state_dir, s->conf->state_dir, sizeof(out->state_dir));
	snprintf(out->images_dir, sizeof(out->images_dir), "%.*s/views/images", (int)sizeof(out->images_dir) - 14, s->conf->state_dir);
	memcpy(out->runtime, s->conf->runtime, sizeof(out->runtime));
	out->task_uid_base = s->conf->task_uid_base;
	out->log_gid = (int32_t)s->gid_views;
	out->policy = *p;
}
