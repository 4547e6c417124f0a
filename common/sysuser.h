/* Users and groups of this machine by name. */
#ifndef ZEUS_SYSUSER_H
#define ZEUS_SYSUSER_H
#include <sys/types.h>

#define SYSUSER_NAME_LEN 33
/* 0, or -ESRCH: there is no such one; another -errno: could not be asked. */
int sysuser_find(const char *name, uid_t *uid, gid_t *gid);
int sysuser_find_group(const char *name, gid_t *gid);
/* The login name of uid, or its number when it has none. */
char *sysuser_name_of(uid_t uid, char out[SYSUSER_NAME_LEN]);
#endif
