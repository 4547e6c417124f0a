/* Giving up what is not needed: user, capabilities, new privileges, system calls. Order in every main: open what needs
 * privilege, verify, drop, confine, loop. Look-ups of users (sysuser.h) come before: nss loads modules. */
#ifndef ZEUS_CONFINE_H
#define ZEUS_CONFINE_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Become uid/gid with exactly these supplementary groups, no capability left, dumpable off. 0 or -errno. */
int confine_drop(uid_t uid, gid_t gid, const gid_t *groups, int ngroups);
/* Keep only these capabilities (names like "sys_admin"), NULL-terminated, in every set; the bounding set is cut too. */
int confine_keep(const char *const *caps);
/* From now on, in this thread and those that it makes, files are opened below these directories only; what is open stays. fd < 0: left out.
 * Before confine_seccomp, and before threads are made. 1: in force. 0: this kernel has no such thing (Landlock 2). -errno. */
struct confine_place { int fd; bool write; };
int confine_files(const struct confine_place *place, uint32_t n);
enum confine_profile { CONFINE_LEDGER, CONFINE_VIEWS, CONFINE_PLAN };
/* no_new_privs, dumpable off, and a seccomp allow-list for the role; a forbidden call fails with EPERM. */
int confine_seccomp(enum confine_profile p);
/* For a process that starts runtimes: no_new_privs and a list of calls that fail with EPERM, in everything it executes too. */
int confine_deny(void);
#endif
