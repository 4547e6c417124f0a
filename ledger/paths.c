/* The ledger's directories.
 *
 * Knows: their names, modes and owners.
 * Does not know: what lies in them. */
#include "ledger/paths.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void paths_of(const struct conf *c, struct paths *out)
{
	snprintf(out->ledger, sizeof out->ledger, "%s/ledger", c->state_dir);
	snprintf(out->db, sizeof out->db, "%s/ledger/db", c->state_dir);
	snprintf(out->keys, sizeof out->keys, "%s/ledger/keys", c->state_dir);
	snprintf(out->socket, sizeof out->socket, "%s/ledger.sock", c->run_dir);
}

static int make(const char *path, mode_t mode, uid_t uid, gid_t gid, char *why)
{
	bool made = mkdir(path, mode) == 0;
	int err = made || errno == EEXIST ? 0 : -errno;
	if (err == 0 && made && uid != (uid_t)-1 && chown(path, uid, gid) < 0)
		err = -errno;
	if (err < 0)
		snprintf(why, 256, "%s: %s", path, strerror(-err));
	return err;
}

int paths_make(const struct conf *c, const struct paths *p, uid_t uid, gid_t gid, char *why)
{
	uid_t nobody = (uid_t)-1;
	bool root = geteuid() == 0;
	int err = make(c->state_dir, 0755, nobody, (gid_t)-1, why);
	err = err ? err : make(c->run_dir, 0755, nobody, (gid_t)-1, why);
	err = err ? err : make(p->ledger, 0700, root ? uid : nobody, gid, why);
	return err;
}
