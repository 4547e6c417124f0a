/* Size-bounded disks on loop devices.
 *
 * It knows mkfs and loop devices. It does not know overlays or tasks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <grp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "kernel-facing/disk.h"
#include "kernel-facing/host.h"
#include "kernel-facing/job.h"

#define LOOP_TRIES 16

/* The child that runs mkfs: no network, no privilege; all it has is the file behind its one descriptor. */
static int shed(const void *arg)
{
	uid_t uid = *(const uid_t *)arg;
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0 || setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int format(int fd, uid_t helper_uid)
{
	char program[HOST_PATH], path[32];
	int r = host_program("mkfs.ext4", program);
	if (r < 0)
		return r;
	/* Opening by the descriptor needs no right to search the directories above the file. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fchown(fd, helper_uid, helper_uid) < 0 || fcntl(fd, F_SETFD, 0) < 0)
		return -errno;
	const char *argv[] = {program, "-q", "-F", "-m", "0", "-O", "^has_journal,^resize_inode", "-E", "nodiscard,root_owner=0:0",
	    path, NULL};
	r = job_exec(argv, shed, &helper_uid);
	if (r != 0)
		return r < 0 ? r : -EIO;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fchown(fd, 0, 0) < 0 || fchmod(fd, 0600) < 0 ? -errno : 0;
}

int disk_make(const char *path, uint32_t mib, uid_t helper_uid)
{
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int r = ftruncate(fd, (off_t)mib << 20) < 0 ? -errno : format(fd, helper_uid);
	if (r < 0)
		unlink(path);
	return r;
}

/* Between asking for a free device and taking it somebody else may take it: ask again. */
static int attach(int file, char name[32])
{
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	for (int i = 0; i < LOOP_TRIES; i++) {
		int n = ioctl(control, LOOP_CTL_GET_FREE);
		if (n < 0)
			return -errno;
		snprintf(name, 32, "/dev/loop%d", n);
		autoclose int loop = open(name, O_RDWR | O_CLOEXEC);
		if (loop < 0)
			return -errno;
		struct loop_config c = {.fd = (uint32_t)file, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
		if (ioctl(loop, LOOP_CONFIGURE, &c) == 0)
			return take_fd(&loop);
		if (errno != EBUSY)
			return -errno;
	}
	return -EBUSY;
}

int disk_mount(const char *path, const char *dir)
{
	char name[32];
	autoclose int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		return -errno;
	autoclose int loop = attach(file, name);
	if (loop < 0)
		return loop;
	/* Once mounted the device lives as long as the mount. */
	return mount(name, dir, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME, NULL) < 0 ? -errno : 0;
}
