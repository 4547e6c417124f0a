/* libnl's error numbers as -errno.
 *
 * libnl folds many errnos into few numbers of its own and has no way back; this is the way back for those
 * that decide something here. */
#include <errno.h>
#include <netlink/errno.h>
#include "kernel-facing/nl_error.h"

int nl_errno(int nle)
{
	switch (nle < 0 ? -nle : 0) {
	case NLE_SUCCESS:
		return 0;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_INVAL:
	case NLE_RANGE:
		return -EINVAL;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_AGAIN:
	case NLE_INTR:
		return -EAGAIN;
	}
	return -EIO;
}
