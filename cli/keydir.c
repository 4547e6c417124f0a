/* Key files on disk.
 *
 * Knows names, modes, and that a crash leaves the old key or the new, never half of one. What is inside is ledger/crypto/keyfile's. */
#include "cli/keydir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "common/io.h"
#include "common/text.h"

#define SUFFIX ".key"
#define FILE_NAME_LEN (NAME_MAX_LEN + 16)

static int default_path(char out[4096])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = config && config[0] == '/' ? snprintf(out, 4096, "%s/zeus/keys", config)
					   : home && home[0] == '/' ? snprintf(out, 4096, "%s/.config/zeus/keys", home) : 0;
	if (n <= 0 || n >= 4096)
		return cli_complain(CLI_USAGE, "there is no HOME; say where the keys are with --dir");
	return CLI_DONE;
}

/* Each folder on the way, as mkdir -p does. */
static void make_path(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

int keydir_open(const char *dir, bool make, struct keydir *out)
{
	out->fd = -1;
	if (dir && (strlen(dir) == 0 || strlen(dir) >= sizeof out->path))
		return cli_complain(CLI_USAGE, "--dir wants a directory");
	int code = dir ? CLI_DONE : default_path(out->path);
	if (code)
		return code;
	if (dir)
		strcpy(out->path, dir);
	if (make)
		make_path(out->path);
	out->fd = open(out->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->fd < 0)
		return cli_complain(CLI_REFUSED, "%s: %s%s", out->path, strerror(errno),
		    errno == ENOENT ? "; make a key with: zeus key new NAME" : "");
	return CLI_DONE;
}

void keydir_close(struct keydir *d) { cleanup_close(&d->fd); }

static int check_name(const char *name, char out[FILE_NAME_LEN])
{
	if (!text_name_ok(name))
		return cli_complain(CLI_USAGE, "'%.80s' is no name: letters, digits, dot, dash, underscore; at most %d", name,
		    NAME_MAX_LEN);
	snprintf(out, FILE_NAME_LEN, "%s" SUFFIX, name);
	return CLI_DONE;
}

static int check_private(const struct keydir *d, const char *file, int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return cli_complain(CLI_REFUSED, "%s/%s: %s", d->path, file, strerror(errno));
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077))
		return cli_complain(CLI_NO_PERMISSION, "%s/%s: others may read it; it must be a file of mode 0600", d->path, file);
	return CLI_DONE;
}

int keydir_load(const struct keydir *d, const char *name, struct keyfile *out)
{
	char file[FILE_NAME_LEN];
	uint8_t bytes[KEYFILE_LEN + 1];
	int code = check_name(name, file);
	if (code)
		return code;
	autoclose int fd = openat(d->fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return cli_complain(errno == EACCES ? CLI_NO_PERMISSION : CLI_REFUSED, "%s/%s: %s", d->path, file, strerror(errno));
	code = check_private(d, file, fd);
	if (code)
		return code;
	ssize_t n = read(fd, bytes, sizeof bytes);
	if (n != KEYFILE_LEN || !keyfile_get((struct slice){bytes, KEYFILE_LEN}, out))
		return cli_complain(CLI_DAMAGED, "%s/%s: damaged, or no key of this version", d->path, file);
	return CLI_DONE;
}

static int write_beside(const struct keydir *d, const char *tmp, const struct keyfile *f)
{
	uint8_t bytes[KEYFILE_LEN];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	keyfile_put(&w, f);
	unlinkat(d->fd, tmp, 0);
	autoclose int fd = openat(d->fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fchmod(fd, 0600) < 0)
		return -errno;
	int rc = w.bad ? -EINVAL : io_write_all(fd, bytes, sizeof bytes);
	return rc < 0 ? rc : fsync(fd) < 0 ? -errno : 0;
}

int keydir_save(const struct keydir *d, const char *name, const struct keyfile *f, bool replace)
{
	char file[FILE_NAME_LEN], tmp[FILE_NAME_LEN + 8];
	int code = check_name(name, file);
	if (code)
		return code;
	snprintf(tmp, sizeof tmp, ".%s.tmp", file);
	int rc = write_beside(d, tmp, f);
	if (rc == 0 && replace)
		rc = renameat(d->fd, tmp, d->fd, file) < 0 ? -errno : 0;
	else if (rc == 0)
		rc = linkat(d->fd, tmp, d->fd, file, 0) < 0 ? -errno : 0;
	if (rc == 0 && fsync(d->fd) < 0)
		rc = -errno;
	if (rc < 0 || !replace)
		unlinkat(d->fd, tmp, 0);
	if (rc == -EEXIST)
		return cli_complain(CLI_REFUSED, "%s/%s: there is a key of that name already", d->path, file);
	return rc < 0 ? cli_complain(CLI_REFUSED, "%s/%s: %s", d->path, file, strerror(-rc)) : CLI_DONE;
}

static int is_key(const struct dirent *e)
{
	size_t len = strlen(e->d_name), end = strlen(SUFFIX);
	return e->d_name[0] != '.' && len > end && len - end <= NAME_MAX_LEN && strcmp(e->d_name + len - end, SUFFIX) == 0;
}

int keydir_each(const struct keydir *d, int (*cb)(void *arg, const char *name), void *arg)
{
	struct dirent **found = NULL;
	int n = scandirat(d->fd, ".", &found, is_key, alphasort), code = CLI_DONE;
	if (n < 0)
		return cli_complain(CLI_REFUSED, "%s: %s", d->path, strerror(errno));
	for (int i = 0; i < n; i++) {
		found[i]->d_name[strlen(found[i]->d_name) - strlen(SUFFIX)] = 0;
		if (!code && text_name_ok(found[i]->d_name))
			code = cb(arg, found[i]->d_name);
		free(found[i]);
	}
	free(found);
	return code;
}
