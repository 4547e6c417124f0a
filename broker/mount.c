/* Mounting without libfuse: open /dev/fuse, mount(2), read INIT, keep both, and leave copies with the service manager.
 *
 * A child that serves the mount is given INIT as if the kernel had just sent it; all but the first drop their reply. Knows no file of the
 * tree. */
#include "broker/mount.h"
#include "common/cleanup.h"
#include "common/notify.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sysexits.h>
#include <time.h>

#define WHY 512
#define MOUNT_NAME 48
#define MOUNT_ID sizeof(((struct mount *)0)->id)
#define INIT_MAX 8192 /* what the kernel insists a reader of /dev/fuse offers, at least */
#define INIT_WAIT_MS 5000
#define STALE_WAIT_MS 2000

#define OURS " - fuse.zeus "
#define ANY_FUSE " - fuse"

/* Is the topmost file system on dir of that type? Its number, as a word, tells it from every other that is mounted. */
static bool mount_find(const char *dir, const char *type, char id[MOUNT_ID])
{
	char line[1024], at[256], number[MOUNT_ID];
	unsigned major, minor;
	bool found = false;
	autofclose FILE *f = fopen("/proc/self/mountinfo", "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*u %*u %u:%u %*s %255s", &major, &minor, at) != 3 || strcmp(at, dir) != 0)
			continue;
		found = strstr(line, type);
		snprintf(number, sizeof(number), "%u-%u", major, minor);
	}
	snprintf(id, MOUNT_ID, "%s", found ? number : "none");
	return found;
}

static uint64_t mount_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Asks the server itself, as statfs always does; stat may answer from the kernel's cache long after the server died. */
static int mount_answers(const char *dir)
{
	struct statfs fs;
	return statfs(dir, &fs) < 0 ? -errno : 0;
}

/* ENOTCONN: a mount whose server died. The children of a broker that was killed may outlive its lock by an instant, so one that still
 * answers is given a moment to go. Anything else that is alive is not touched. */
static int mount_clear_stale(const char *dir, char *why)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	uint64_t until = mount_now_ms() + STALE_WAIT_MS;
	char id[MOUNT_ID];
	struct stat st;
	int rc;
	while ((rc = mount_answers(dir)) < 0 || (mount_find(dir, ANY_FUSE, id) && mount_now_ms() < until)) {
		if (rc == 0)
			nanosleep(&pause, NULL);
		else if (!(rc == -ENOENT && mkdir(dir, 0555) == 0) && !(rc == -ENOTCONN && umount2(dir, MNT_DETACH) == 0))
			break;
	}
	if (rc == 0 && stat(dir, &st) < 0)
		rc = -errno;
	if (rc == 0 && S_ISDIR(st.st_mode))
		return 0;
	snprintf(why, WHY, rc ? "%s: %s" : "%s is not a directory", dir, strerror(-rc));
	return EX_CONFIG;
}

static int mount_read_init(struct mount *m)
{
	uint8_t init[INIT_MAX];
	struct pollfd p = {.fd = m->fuse_fd, .events = POLLIN};
	if (poll(&p, 1, INIT_WAIT_MS) != 1)
		return -ETIMEDOUT;
	ssize_t n = read(m->fuse_fd, init, sizeof(init));
	if (n <= 0)
		return -EIO;
	m->init_fd = memfd_create("zeus-fuse-init", MFD_CLOEXEC);
	if (m->init_fd < 0 || write(m->init_fd, init, (size_t)n) != n)
		return -EIO;
	return 0;
}

static const char *mount_name(const struct mount *m, const char *what, char out[MOUNT_NAME])
{
	snprintf(out, MOUNT_NAME, "%s-%s", what, m->id);
	return out;
}

static void mount_keep(struct mount *m)
{
	char name[MOUNT_NAME];
	if (!mount_find(m->dir, OURS, m->id))
		return;
	notify_fd_keep(mount_name(m, "fuse", name), m->fuse_fd);
	notify_fd_keep(mount_name(m, "init", name), m->init_fd);
	notify_fd_keep(mount_name(m, "taken", name), m->taken_fd);
}

int mount_open(struct mount *m, const char *dir, char *why)
{
	char data[128];
	int rc = mount_clear_stale(dir, why);
	if (rc)
		return rc;
	snprintf(m->dir, sizeof(m->dir), "%s", dir);
	m->init_fd = -1;
	m->first = true;
	m->taken_fd = memfd_create("zeus-fuse-taken", MFD_CLOEXEC);
	m->fuse_fd = m->taken_fd < 0 ? -1 : open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (m->fuse_fd < 0) {
		snprintf(why, WHY, "/dev/fuse: %s; try: modprobe fuse", strerror(errno));
		return EX_UNAVAILABLE;
	}
	if (mount_find(dir, ANY_FUSE, m->id)) {
		snprintf(why, WHY, "something is mounted on %s already; unmount it, or use another --mount", dir);
		return EX_UNAVAILABLE;
	}
	snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", m->fuse_fd);
	if (mount("zeus", dir, "fuse.zeus", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, data) < 0) {
		snprintf(why, WHY, "mounting %s: %s", dir, strerror(errno));
		return EX_UNAVAILABLE;
	}
	rc = mount_read_init(m);
	if (rc < 0) {
		snprintf(why, WHY, "the kernel's first message on %s: %s", dir, strerror(-rc));
		umount2(dir, MNT_DETACH);
		return EX_UNAVAILABLE;
	}
	mount_keep(m);
	return 0;
}

static bool mount_take(void *arg, const char *name, int fd)
{
	struct mount *m = arg;
	struct { const char *what; int *to; } wanted[] = {{"fuse", &m->fuse_fd}, {"init", &m->init_fd}, {"taken", &m->taken_fd}};
	char expected[MOUNT_NAME];
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (strcmp(name, mount_name(m, wanted[i].what, expected)) == 0 && *wanted[i].to < 0) {
			*wanted[i].to = fd;
			return true;
		}
	return false;
}

static void mount_forget(struct mount *m)
{
	char name[MOUNT_NAME];
	notify_fd_forget(mount_name(m, "fuse", name));
	notify_fd_forget(mount_name(m, "init", name));
	notify_fd_forget(mount_name(m, "taken", name));
}

bool mount_kept(struct mount *m, const char *dir)
{
	m->fuse_fd = m->init_fd = m->taken_fd = -1;
	mount_find(dir, OURS, m->id);
	notify_fds_kept(mount_take, m);
	struct pollfd p = {.fd = m->fuse_fd};
	if (m->fuse_fd < 0 || m->init_fd < 0 || m->taken_fd < 0 || poll(&p, 1, 0) < 0 || (p.revents & POLLERR)) {
		mount_forget(m);
		mount_leave(m);
		return false;
	}
	snprintf(m->dir, sizeof(m->dir), "%s", dir);
	m->first = false;
	return true;
}

void mount_close(struct mount *m)
{
	mount_forget(m);
	if (m->dir[0])
		umount2(m->dir, MNT_DETACH);
	mount_leave(m);
}

void mount_leave(struct mount *m)
{
	if (m->fuse_fd >= 0)
		close(m->fuse_fd);
	if (m->init_fd >= 0)
		close(m->init_fd);
	if (m->taken_fd >= 0)
		close(m->taken_fd);
	m->fuse_fd = m->init_fd = m->taken_fd = -1;
}

/* By force: that ends the waiting of those whom nobody serves any more. */
int mount_drop(const char *dir)
{
	char id[MOUNT_ID];
	while (mount_find(dir, OURS, id))
		if (umount2(dir, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return -errno;
	return 0;
}
