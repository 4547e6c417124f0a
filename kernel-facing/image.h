/* Images: an OCI archive becomes a directory tree, once, by digest, in a helper that can reach nothing else. */
#ifndef ZEUS_IMAGE_H
#define ZEUS_IMAGE_H
#include "kernel-facing/host.h"

struct image_job {
	char archive[HOST_PATH];  /* <hex>.tar */
	char dir[HOST_PATH];      /* where unpacked images live */
	char hex[65];
	char keeper_procs[HOST_PATH]; /* joined by the helper and all it starts, so that a restarted broker can end them */
	uid_t uid_base;           /* files of the image's user n belong to uid_base + n */
	int (*fault)(void *ctx, const char *step); /* for tests: see direct.h */
	void *fault_ctx;
};

bool image_hex_ok(const char *hex);
/* The root file system of an unpacked image; -ENOENT if it is not unpacked. */
int image_lower(const char *dir, const char *hex, char out[HOST_PATH]);
/* The file system is so full that unpacking must end. */
bool image_no_space(const char *dir);
/* For job_start: struct image_job. -EBADMSG: the archive is not this image. -E2BIG: more than an image may hold
 * (common/limits.h). -ENOSPC. What failed leaves nothing. */
int image_unpack(const void *arg);
#endif
