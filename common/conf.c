/* The configuration file, read strictly.
 *
 * Knows files (who may write them, which come first) and lines (inih), and says what is wrong where. Does not know the keys:
 * those are in conf_keys.c. inih calls back for each key; the line is counted by the reader that it is fed from. */
#include "common/conf_keys.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "common/cleanup.h"

#define CONF_FILE SYSCONFDIR "/zeus.conf"
#define WHY_LEN 512

struct reading {
	struct conf *conf;
	struct conf_seen seen;
	const char *file;
	FILE *in;
	int line, bad_line; /* bad_line 0: none so far */
	char *why;
};

static void complain(struct reading *r, int line, const char *text)
{
	if (r->bad_line && r->bad_line <= line)
		return;
	r->bad_line = line;
	snprintf(r->why, WHY_LEN, "%s:%d: %s", r->file, line, text);
}

/* inih's fgets. Leading blanks go, because inih would take an indented line as more of the value above. */
static char *next_line(char *buf, int size, void *arg)
{
	struct reading *r = arg;
	if (!fgets(buf, size, r->in))
		return NULL;
	r->line++;
	size_t len = strlen(buf), blank = strspn(buf, " \t");
	if (len == 0 || (buf[len - 1] != '\n' && !feof(r->in))) {
		complain(r, r->line, "the line is too long or holds a NUL byte");
		return NULL;
	}
	memmove(buf, buf + blank, len - blank + 1);
	return buf;
}

static int on_key(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *r = arg;
	char text[WHY_LEN / 2];
	if (conf_key_set(r->conf, &r->seen, section, name, value, text, sizeof text))
		return 1;
	complain(r, r->line, text);
	return 0;
}

/* Whoever can write this file decides what root runs. */
static bool owner_ok(const struct stat *st)
{
	bool mine = st->st_uid == 0 || (geteuid() != 0 && st->st_uid == geteuid());
	return mine && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool read_file(struct conf *c, const char *file, bool may_be_absent, char *why)
{
	struct stat st;
	struct reading r = {.conf = c, .file = file, .why = why};
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && may_be_absent)
		return true;
	autofclose FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	if (!in || fstat(fd, &st) < 0) {
		snprintf(why, WHY_LEN, "%s:0: cannot be read: %s", file, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) || !owner_ok(&st)) {
		snprintf(why, WHY_LEN, "%s:0: must be a file that root owns and nobody else may write: chown root, chmod go-w", file);
		return false;
	}
	r.in = in;
	int line = ini_parse_stream(next_line, &r, on_key, &r);
	if (line > 0)
		complain(&r, line, "this is neither [section], nor key = value, nor a # comment");
	if (line < 0)
		complain(&r, 0, "out of memory");
	return !r.why[0];
}

static int is_conf(const struct dirent *d)
{
	size_t len = strlen(d->d_name);
	return d->d_name[0] != '.' && len > 5 && strcmp(d->d_name + len - 5, ".conf") == 0;
}

/* By bytes, so that the order does not depend on anybody's locale. */
static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static bool read_drop_ins(struct conf *c, const char *file, char *why)
{
	char dir[CONF_PATH_LEN], path[2 * CONF_PATH_LEN + 256];
	struct dirent **found = NULL;
	const char *slash = strrchr(file, '/');
	int len = slash ? (int)(slash - file) : 1;
	if (snprintf(dir, sizeof dir, "%.*s/conf.d", len, slash ? file : ".") >= (int)sizeof dir) {
		snprintf(why, WHY_LEN, "%s:0: the path is too long", file);
		return false;
	}
	int n = scandir(dir, &found, is_conf, by_name);
	bool ok = n >= 0 || errno == ENOENT || errno == ENOTDIR;
	if (!ok)
		snprintf(why, WHY_LEN, "%s:0: cannot be read: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, found[i]->d_name);
		ok = ok && read_file(c, path, false, why);
		free(found[i]);
	}
	free(found);
	return ok;
}

bool conf_read(struct conf *c, const char *file, char *why)
{
	struct conf fresh = *c;
	why[0] = '\0';
	if (!read_file(&fresh, file ? file : CONF_FILE, !file || strcmp(file, CONF_FILE) == 0, why))
		return false;
	if (!read_drop_ins(&fresh, file ? file : CONF_FILE, why))
		return false;
	conf_keys_finish(&fresh);
	*c = fresh;
	return true;
}
