/* Which images are being unpacked, so that two leases that want the same one wait for one helper.
 *
 * It knows jobs and their group. It does not know how an archive is unpacked (image.c). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kernel-facing/direct.h"

/* The image's own place, or a free one: empty, or left by a lease that ended before its image was there. */
static struct unpack *unpack_of(struct direct *d, const char *hex)
{
	struct unpack *idle = NULL;
	for (uint32_t i = 0; i < UNPACKS_MAX; i++) {
		if (!strcmp(d->unpacks[i].hex, hex))
			return &d->unpacks[i];
		if (!d->unpacks[i].hex[0] || d->unpacks[i].job.ended)
			idle = &d->unpacks[i];
	}
	return idle;
}

static int begin(struct direct *d, struct unpack *u, const char *hex)
{
	char log[HOST_PATH];
	struct image_job job = {.uid_base = d->cfg.task_uid_base, .fault = d->fault, .fault_ctx = d->fault_ctx};
	snprintf(job.hex, sizeof job.hex, "%s", hex);
	int r = host_path(job.archive, "%s/%s.tar", d->cfg.images_dir, hex);
	r = r < 0 ? r : host_path(job.dir, "%s", d->unpacked_dir);
	r = r < 0 ? r : host_path(log, "%s/log", d->unpacked_dir);
	if (r == 0 && !host_exists(job.archive))
		r = -ENOENT;
	r = r < 0 ? r : group_keeper_make(&d->groups, UNPACK_KEEPER);
	r = r < 0 ? r : group_keeper_procs(&d->groups, UNPACK_KEEPER, job.keeper_procs);
	r = r < 0 ? r : job_start(&u->job, JOB_UNPACK, log, image_unpack, &job);
	if (r < 0)
		return r;
	snprintf(u->hex, sizeof u->hex, "%s", hex);
	return -EINPROGRESS;
}

int unpack_ready(struct direct *d, const char *hex, char lower[HOST_PATH])
{
	int r = image_lower(d->unpacked_dir, hex, lower);
	struct unpack *u = unpack_of(d, hex);
	bool begun = u && !strcmp(u->hex, hex);
	if (r != -ENOENT && !begun)
		return r;
	if (!u)
		return -EINPROGRESS; /* others are being unpacked: wait for a place */
	if (!begun)
		return begin(d, u, hex);
	r = job_poll(&u->job);
	if (r == -EINPROGRESS) {
		/* An archive may hold far more than its size tells. */
		if (image_no_space(d->unpacked_dir))
			group_kill(&d->groups, UNPACK_KEEPER);
		return r;
	}
	u->hex[0] = 0;
	(void)group_remove(&d->groups, UNPACK_KEEPER); /* refused while another one is unpacking */
	return r < 0 ? r : image_lower(d->unpacked_dir, hex, lower);
}

void unpack_cancel_all(struct direct *d)
{
	for (uint32_t i = 0; i < UNPACKS_MAX; i++)
		job_cancel(&d->unpacks[i].job);
	while (group_kill(&d->groups, UNPACK_KEEPER) > 0)
		host_pause_ms(1);
	(void)group_remove(&d->groups, UNPACK_KEEPER);
}
