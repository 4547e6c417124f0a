/* Starts the ledger for tests of its roles.
 *
 * Knows uids and the configuration that names them. Does not know what a role may do. */
#include "tests/ledger_users.h"
#include <check.h>
#include <grp.h>
#include <sys/stat.h>

bool users_able(void)
{
	return geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0;
}

void users_start(struct daemon *d, const char *const *more, const char *conf)
{
	scratch_make(d->dir);
	ck_assert_int_eq(chown(d->dir, NOBODY, NOBODY), 0);
	ck_assert_int_eq(chmod(d->dir, 0755), 0);
	daemon_init_in(d, more, NOBODY);
	ck_assert_int_eq(chmod(d->dir, 0777), 0);
	snprintf(d->config, sizeof d->config, "%s/conf", d->dir);
	FILE *file = fopen(d->config, "w");
	ck_assert(file && fprintf(file, "[node]\nuser_views = daemon\nuser_plan = bin\n%s", conf) > 0 && fchmod(fileno(file), 0644) == 0);
	fclose(file);
	daemon_start(d);
}

void users_become(uid_t uid)
{
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(seteuid(uid), 0);
}

int users_dial(const struct daemon *d, uid_t uid)
{
	char path[SCRATCH_LEN + 32];
	int fd = -1;
	snprintf(path, sizeof path, "%s/run/ledger.sock", d->state);
	users_become(uid);
	ck_assert_int_eq(conn_dial(path, &fd), 0);
	users_become(0);
	return fd;
}

void users_open(struct lc *c, const struct daemon *d, struct fold *f, uid_t uid)
{
	users_become(uid);
	lc_open(c, d, f);
	users_become(0);
}
