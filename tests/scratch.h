/* A directory of the test's own, gone when the test is over. */
#ifndef ZEUS_TEST_SCRATCH_H
#define ZEUS_TEST_SCRATCH_H
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_LEN 128

static inline void scratch_make(char out[SCRATCH_LEN])
{
	const char *tmp = getenv("TMPDIR");
	snprintf(out, SCRATCH_LEN, "%s/zeus-test.XXXXXX", tmp && strlen(tmp) < 64 ? tmp : "/tmp");
	if (!mkdtemp(out))
		abort();
}

static inline void scratch_empty(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; d && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && unlinkat(fd, e->d_name, 0) < 0) {
			scratch_empty(fd, e->d_name);
			unlinkat(fd, e->d_name, AT_REMOVEDIR);
		}
	if (d)
		closedir(d);
}

static inline void scratch_remove(const char *dir)
{
	scratch_empty(AT_FDCWD, dir);
	rmdir(dir);
}
#endif
