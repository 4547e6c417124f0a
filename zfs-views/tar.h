/* The table of contents of a ustar/pax file: regular files only, bounded, nothing extracted. */
#ifndef ZEUS_TAR_H
#define ZEUS_TAR_H
#include <stdint.h>
#include "common/limits.h"
#include "zfs-views/refusal.h"

#define TAR_NAME_MAX 127
struct tar_entry { char name[TAR_NAME_MAX + 1]; uint64_t offset, size; };
struct tar { struct tar_entry entry[ARCHIVE_ENTRIES_MAX]; uint32_t n; };

/* Read the headers of fd. False with EBADMSG (or EIO) and a sentence: no whole tar; an entry that is no file or directory; a name that is
 * absolute, leads upward, is too long or comes twice. */
bool tar_index(int fd, struct tar *out, struct refusal *why);
const struct tar_entry *tar_find(const struct tar *t, const char *name);
#endif
