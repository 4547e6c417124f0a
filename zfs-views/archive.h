/* An uploaded image: an OCI archive (a tar of an OCI image layout) that is believed only after every digest in it was computed. */
#ifndef ZEUS_ARCHIVE_H
#define ZEUS_ARCHIVE_H
#include "common/tx.h"
#include "zfs-views/refusal.h"

/* What an image is and how it starts. deploy's strings lie in text: use it where it is. */
struct archive { uint8_t manifest[32]; char hex[65]; struct deploy deploy; char text[DEPLOY_MAX + 512]; };

/* Verify the archive in fd. False: EBADMSG (or EIO) and a sentence. One manifest for this machine's architecture is taken. */
bool archive_verify(int fd, struct archive *out, struct refusal *why);
#endif
