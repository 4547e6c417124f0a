/* images/incoming/NAME while it is being written: a spool file below the state directory, then a verified image. */
#ifndef ZEUS_UPLOAD_H
#define ZEUS_UPLOAD_H
#include <sys/types.h>
#include "zfs-views/archive.h"

struct upload { int dir_fd, fd; char name[NAME_MAX_LEN + 1]; bool dirty, stored; };

/* Spool files lie in state_fd/spool under the image's name. -EEXIST: somebody uploads that name now. again: go on with one that is there.
 */
int upload_new(int state_fd, const char *name, bool again, struct upload **ret);
void upload_free(struct upload *u);          /* NULL is fine; the spool file goes unless it was stored */
int upload_write(struct upload *u, const char *p, size_t len, uint64_t off); /* -EFBIG over IMAGE_ARCHIVE_MAX */
int upload_resize(struct upload *u, uint64_t len);
int upload_size(int state_fd, const char *name, uint64_t *len); /* of one under way; -ENOENT */
/* Verify, and move it into images_fd as <digest>.tar. *a says what it is. */
bool upload_store(struct upload *u, int images_fd, struct archive *a, struct refusal *why);
int upload_sweep(int state_fd);              /* make the spool folder and empty it */
#endif
