/* Files only below what was named before, by Landlock: whoever takes a process over finds no other file, whatever its user may read.
 *
 * Knows the kernel's rights, and that an older kernel has none of this or less (before version 2 of its interface nothing could be moved
 * from one directory to another). Does not know which process needs what. No library: three calls by number. */
#include "common/confine.h"
#include "common/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VERSION_MIN 2
#define LOOKS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER)
#define NEVER (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | \
	LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO)
#define TRUNCATES (1ULL << 14) /* version 3; headers may be older than the kernel */

int confine_files(const struct confine_place *place, uint32_t n)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < VERSION_MIN)
		return 0;
	uint64_t truncates = version >= 3 ? TRUNCATES : 0;
	struct landlock_ruleset_attr all = {.handled_access_fs = LOOKS | CHANGES | NEVER | truncates};
	autoclose int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	if (rules < 0)
		return -errno;
	for (uint32_t i = 0; i < n; i++) {
		struct landlock_path_beneath_attr below = {.parent_fd = place[i].fd,
		    .allowed_access = LOOKS | (place[i].write ? CHANGES | truncates : 0)};
		if (place[i].fd >= 0 && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
			return -errno;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return -errno;
	return 1;
}
