/* Starting zeus-gpu: one socket, no file, a user id of the tasks' range that no task has.
 *
 * Knows how it is started. Does not know what it says: that is the kernel side's. */
#include "broker/gpu_child.h"
#include "common/cleanup.h"
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEARN_MS 5000

int gpu_child_start(struct child *c, uid_t uid, const char *option, uint64_t now_ms, int *fd)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	autoclose int theirs = pair[1];
	const char *argv[] = {"zeus-gpu", option, NULL};
	int fds[] = {theirs};
	struct child_start how = {argv, fds, 1, uid, uid, uid};
	int rc = child_start(c, &how, now_ms);
	if (rc < 0)
		close(pair[0]);
	else
		*fd = pair[0];
	return rc;
}

void gpu_child_learn(struct gpu_table *t, uid_t uid)
{
	struct child c = {.program = "zeus-gpu"};
	int fd = -1;
	if (!kernel_gpus_sampled(t) || gpu_child_start(&c, uid, "--once", 0, &fd) < 0)
		return;
	kernel_gpus_learn(t, fd, LEARN_MS);
	close(fd);
	kill(c.pid, SIGKILL);
	waitpid(c.pid, NULL, 0);
}
