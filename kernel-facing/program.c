/* Finding a task's program and working directory as a runtime will, below a root that a stranger made.
 *
 * It knows PATH and links, which the kernel resolves inside that root and nowhere else. It executes nothing and reads no file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/program.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" /* as bundle.c says it */

/* The mode of what the path leads to; 0 if it leads nowhere. */
static mode_t mode_of(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	struct stat st;
	autoclose int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_mode : 0;
}

static bool executable(int root, const char *path)
{
	mode_t mode = mode_of(root, path);
	return S_ISREG(mode) && mode & 0111;
}

static const char *search_path(const struct task_spec *spec)
{
	for (uint32_t i = 0; i < spec->nenv; i++)
		if (strncmp(spec->env[i], "PATH=", 5) == 0)
			return spec->env[i] + 5;
	return PATH_DEFAULT;
}

static bool found(int root, const struct task_spec *spec, const char *cwd)
{
	char path[PATH_MAX];
	const char *name = spec->args[0];
	if (strchr(name, '/'))
		return snprintf(path, sizeof path, "%s/%s", *name == '/' ? "" : cwd, name) < (int)sizeof path && executable(root, path);
	for (const char *p = search_path(spec); *p;) {
		size_t n = strcspn(p, ":");
		if (n && snprintf(path, sizeof path, "%.*s/%s", (int)n, p, name) < (int)sizeof path && executable(root, path))
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

int program_check(const char *root, bool readonly, const struct task_spec *spec)
{
	const char *cwd = spec->cwd[0] ? spec->cwd : "/";
	autoclose int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	mode_t mode = mode_of(dir, cwd);
	bool enters = S_ISDIR(mode) || (mode == 0 && !readonly); /* a runtime makes one that is not there */
	return enters && found(dir, spec, cwd) ? 0 : -ENOPKG;
}
