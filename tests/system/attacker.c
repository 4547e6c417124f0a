/* What an unprivileged user tries on files and processes that are not theirs. tests/system/attack.sh runs it.
 *
 *   attacker hold N FILE...   open N descriptors and keep them; says how many there were, and ends with standard input
 *   attacker poke FILE...     everything that a descriptor or a path lets one try, at every offset; never fails by being refused
 *   attacker spy PID...       look into, stop or change the process; fails if anything of that is let through
 *
 * Knows system calls. Does not know what is right: the test looks at the system afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OFFSETS 600
#define PATIENCE_S 60

static int hold(int n, int files, char **file)
{
	char buf[4096];
	int held = 0;
	for (int i = 0; i < n; i++) {
		int fd = open(file[i % files], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 && errno != ENOENT)
			break;
		held += fd >= 0;
		if (fd >= 0 && i < 512)
			(void)!read(fd, buf, sizeof buf);
	}
	printf("%d\n", held);
	fflush(stdout);
	while (read(0, buf, sizeof buf) > 0)
		;
	return 0;
}

static const off_t edges[] = {4095, 4096, 65535, 65536, 131072, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff};

static void poke_offsets(int fd)
{
	char byte = 'x';
	static char big[300000];
	memset(big, 'y', sizeof big);
	for (off_t at = 0; at < OFFSETS; at++)
		(void)!pread(fd, big, (size_t)(at % 3) * 2048 + 1, at);
	for (off_t at = 0; at < 64; at++)
		(void)!pwrite(fd, &byte, 1, at);
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		(void)!pread(fd, big, 1, edges[i]);
		(void)!pwrite(fd, &byte, 1, edges[i]);
		lseek(fd, edges[i], SEEK_SET);
		lseek(fd, edges[i], SEEK_END);
		lseek(fd, edges[i], SEEK_DATA);
		lseek(fd, edges[i], SEEK_HOLE);
		(void)!ftruncate(fd, edges[i]);
	}
	lseek(fd, -1, SEEK_SET);
	(void)!pwrite(fd, big, sizeof big, 0);
	(void)!write(fd, big, sizeof big);
	(void)!ftruncate(fd, -1);
	(void)!ftruncate(fd, 0);
}

static void poke_descriptor(int fd)
{
	static const unsigned long calls[] = {0, 1, 0x5401, 0x5413, 0x541b, 0x6601, 0x6602, 0x80086601, 0x40086602, 0x80047601, 0xc0185879,
	    0x40049409, 0xffffffff};
	char room[4096] = {0};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		ioctl(fd, calls[i], room);
	for (int prot = PROT_READ; prot <= (PROT_READ | PROT_WRITE); prot += PROT_WRITE)
		for (int how = MAP_SHARED; how <= MAP_PRIVATE; how++) {
			void *p = mmap(NULL, 8192, prot, how, fd, 0);
			if (p == MAP_FAILED)
				continue;
			msync(p, 8192, MS_ASYNC);
			munmap(p, 8192);
		}
	struct flock lock = {.l_type = F_WRLCK};
	fcntl(fd, F_SETLK, &lock);
	fcntl(fd, F_OFD_SETLK, &lock);
	flock(fd, LOCK_EX | LOCK_NB);
	flock(fd, LOCK_UN);
	fcntl(fd, F_SETLEASE, F_RDLCK);
	fallocate(fd, 0, 0, 1 << 20);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	copy_file_range(fd, NULL, fd, NULL, 4096, 0);
	fsync(fd);
	fchmod(fd, 06777);
	(void)!fchown(fd, 0, 0);
	futimens(fd, NULL);
}

static void poke_path(const char *path)
{
	char room[4096], other[4200];
	struct stat st;
	lstat(path, &st);
	listxattr(path, room, sizeof room);
	getxattr(path, "user.x", room, sizeof room);
	getxattr(path, "system.posix_acl_access", room, sizeof room);
	setxattr(path, "user.x", room, sizeof room, 0);
	setxattr(path, "security.capability", room, 20, 0);
	removexattr(path, "user.x");
	(void)!truncate(path, 0);
	chmod(path, 04777);
	(void)!chown(path, getuid(), getgid());
	(void)!readlink(path, room, sizeof room);
	snprintf(other, sizeof other, "%s.hard", path);
	(void)!link(path, other);
	snprintf(other, sizeof other, "%s.soft", path);
	(void)!symlink("/etc/passwd", other);
	(void)!mknod(other, S_IFIFO | 0666, 0);
	(void)!mknod(other, S_IFCHR | 0666, 0x0103);
	rename(path, "/tmp/zeus-stolen");
}

static int poke(int files, char **file)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND, O_WRONLY | O_TRUNC, O_RDWR | O_CREAT | O_EXCL,
	    O_RDONLY | O_DIRECTORY, O_RDWR | O_DIRECT | O_SYNC, O_PATH, O_RDWR | O_TMPFILE};
	alarm(PATIENCE_S * 10); /* whatever waits for ever ends the test */
	for (int i = 0; i < files; i++) {
		for (size_t k = 0; k < sizeof flags / sizeof flags[0]; k++) {
			int fd = open(file[i], flags[k] | O_CLOEXEC | O_NONBLOCK, 0666);
			if (fd < 0)
				continue;
			poke_offsets(fd);
			poke_descriptor(fd);
			close(fd);
		}
		poke_path(file[i]);
	}
	printf("%d\n", files);
	return 0;
}

static int let_through(const char *what, pid_t pid)
{
	printf("%s: %d\n", what, (int)pid);
	return 1;
}

static int spy_files(pid_t pid)
{
	static const char *const names[] = {"mem", "environ", "maps", "smaps", "auxv", "pagemap", "io", "stack", "syscall", "personality",
	    "fd", "map_files", "fdinfo", "ns/mnt", "root/", "cwd/", "clear_refs"};
	static const char *const links[] = {"exe", "cwd", "root", "fd/0", "ns/net"};
	char path[64], room[512];
	int found = 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, names[i]);
		for (int how = O_RDONLY; how <= O_WRONLY; how++) {
			int fd = open(path, how | O_CLOEXEC);
			if (fd >= 0 && (how == O_WRONLY || read(fd, room, sizeof room) >= 0 || errno == EISDIR))
				found |= let_through(names[i], pid);
			if (fd >= 0)
				close(fd);
		}
	}
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, links[i]);
		if (readlink(path, room, sizeof room) >= 0)
			found |= let_through(links[i], pid);
	}
	return found;
}

static int spy(pid_t pid)
{
	char room[64];
	struct iovec mine = {room, sizeof room}, theirs = {(void *)0x400000, sizeof room};
	struct rlimit limit = {1, 1};
	cpu_set_t one;
	int found = spy_files(pid), fd = pidfd_open(pid, 0);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 || ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0)
		found |= let_through("ptrace", pid);
	if (process_vm_readv(pid, &mine, 1, &theirs, 1, 0) >= 0 || errno != EPERM)
		found |= let_through("process_vm_readv", pid);
	if (process_vm_writev(pid, &mine, 1, &theirs, 1, 0) >= 0 || errno != EPERM)
		found |= let_through("process_vm_writev", pid);
	for (int n = 0; n < 8; n++)
		if (fd >= 0 && pidfd_getfd(fd, n, 0) >= 0)
			found |= let_through("pidfd_getfd", pid);
	if (kill(pid, 0) == 0 || kill(pid, SIGSTOP) == 0 || kill(pid, SIGKILL) == 0)
		found |= let_through("kill", pid);
	if (prlimit(pid, RLIMIT_NOFILE, &limit, NULL) == 0 || setpriority(PRIO_PROCESS, (id_t)pid, 19) == 0 ||
	    sched_setaffinity(pid, sizeof one, &one) == 0)
		found |= let_through("limits", pid);
	close(fd);
	return found;
}

int main(int argc, char **argv)
{
	int found = 0;
	if (argc >= 4 && strcmp(argv[1], "hold") == 0)
		return hold(atoi(argv[2]), argc - 3, argv + 3);
	if (argc >= 3 && strcmp(argv[1], "poke") == 0)
		return poke(argc - 2, argv + 2);
	if (argc < 3 || strcmp(argv[1], "spy") != 0)
		return 64;
	for (int i = 2; i < argc; i++)
		found |= spy(atoi(argv[i]));
	return found;
}
