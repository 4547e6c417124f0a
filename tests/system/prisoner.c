/* A task that wants out: one act after another that no task may do, each in a child of its own. tests/system/isolate.sh runs it.
 *
 *   prisoner SECRET PID SOCKET PORT   as a task: a file, a process and two listeners of the host that it must not reach
 *   prisoner control FILE SOCKET PORT what the same acts do where nothing forbids them, for those that harm nobody
 *   prisoner count                    how many acts there are
 *   prisoner listen SOCKET            the host's listeners: says the port, and each visit; ends with standard input
 *
 * Knows ways out. Prints `refused NAME: why` or `GRANTED NAME`; what is right is for the test to say. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "tests/system/prisoner.h"

#define PATIENCE_S 20

struct target target;

/* What the act came to, told by the child's exit: 0 done, 255 ended by a signal or out of time, else errno. */
static int attempt(const struct act *a)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		alarm(PATIENCE_S);
		errno = 0;
		int r = a->f();
		_exit(r >= 0 ? 0 : errno > 0 && errno < 255 ? errno : 255);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(70);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int attempt_all(bool control)
{
	int n = 0;
	for (size_t i = 0; prison_table(i); i++)
		for (const struct act *a = prison_table(i); a->name; a++) {
			if (control && !a->harmless)
				continue;
			int e = attempt(a);
			if (e == 0)
				printf("GRANTED %s\n", a->name);
			else
				printf("refused %s: %s\n", a->name, e == 255 ? "ended" : strerrorname_np(e));
			fflush(stdout);
			n++;
		}
	printf("acts %d\n", n);
	return 0;
}

/* First of all, before anything of ours is open: what came with the process. */
static void tell_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[300], to[256] = "";
		if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(d))
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%s", e->d_name);
		if (readlink(path, to, sizeof to - 1) > 0)
			printf("descriptor %s %s\n", e->d_name, to);
	}
	if (d)
		closedir(d);
}

static int tcp_listen(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 8) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		exit(71);
	printf("port %d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static int unix_listen(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strncpy(a.sun_path + 1, name, sizeof a.sun_path - 2);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
	if (bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 8) < 0)
		exit(71);
	return fd;
}

static int listen_for_visits(const char *name)
{
	struct pollfd p[3] = {{.fd = 0, .events = POLLIN}, {.fd = unix_listen(name), .events = POLLIN}, {.events = POLLIN}};
	p[2].fd = tcp_listen();
	while (poll(p, 3, -1) > 0 && !p[0].revents)
		for (int i = 1; i < 3; i++)
			if (p[i].revents) {
				close(accept(p[i].fd, NULL, NULL));
				puts("visited");
				fflush(stdout);
			}
	return 0;
}

static int count(void)
{
	int n = 0;
	for (size_t i = 0; prison_table(i); i++)
		for (const struct act *a = prison_table(i); a->name; a++)
			n++;
	printf("%d\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "count") == 0)
		return count();
	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		return listen_for_visits(argv[2]);
	if (argc != 5)
		return 64;
	bool control = strcmp(argv[1], "control") == 0;
	target = (struct target){.secret = control ? argv[2] : argv[1], .pid = control ? getppid() : atoi(argv[2]),
	    .socket = argv[3], .port = atoi(argv[4])};
	if (!control)
		tell_descriptors();
	return attempt_all(control);
}
