/* Look-ups in the machine's user and group tables.
 *
 * Knows nss. Does not know which users this program has; those names come from the configuration. Call before confining:
 * nss may load modules and open sockets. */
#include "common/sysuser.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define NSS_TEXT_MAX 16384

int sysuser_find(const char *name, uid_t *uid, gid_t *gid)
{
	char text[NSS_TEXT_MAX];
	struct passwd pw, *found = NULL;
	int err = getpwnam_r(name, &pw, text, sizeof text, &found);
	if (!found)
		return err ? -err : -ESRCH;
	*uid = pw.pw_uid;
	*gid = pw.pw_gid;
	return 0;
}

int sysuser_find_group(const char *name, gid_t *gid)
{
	char text[NSS_TEXT_MAX];
	struct group gr, *found = NULL;
	int err = getgrnam_r(name, &gr, text, sizeof text, &found);
	if (!found)
		return err ? -err : -ESRCH;
	*gid = gr.gr_gid;
	return 0;
}

char *sysuser_name_of(uid_t uid, char out[SYSUSER_NAME_LEN])
{
	char text[NSS_TEXT_MAX];
	struct passwd pw, *found = NULL;
	getpwuid_r(uid, &pw, text, sizeof text, &found);
	if (found && strlen(pw.pw_name) < SYSUSER_NAME_LEN)
		memcpy(out, pw.pw_name, strlen(pw.pw_name) + 1);
	else
		snprintf(out, SYSUSER_NAME_LEN, "%u", (unsigned)uid);
	return out;
}
