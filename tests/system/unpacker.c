/* Unpacks one archive as a lease's image would be, for tests/system/unpack.sh.
 *
 *   unpacker ARCHIVE DIR HEX PROCS   exit code: 0, or the errno of the refusal; it waits for a line on standard input first
 *
 * Knows the unpacker's one call; PROCS takes the place of a group's cgroup.procs. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "kernel-facing/image.h"

#define UID_BASE 900000

int main(int argc, char **argv)
{
	struct image_job job = {.uid_base = UID_BASE};
	char line[8];
	if (argc != 5 || !image_hex_ok(argv[3]))
		return 64;
	if (host_path(job.archive, "%s", argv[1]) < 0 || host_path(job.dir, "%s", argv[2]) < 0 ||
	    host_path(job.keeper_procs, "%s", argv[4]) < 0)
		return 64;
	snprintf(job.hex, sizeof job.hex, "%s", argv[3]);
	(void)!read(0, line, sizeof line);
	int r = image_unpack(&job);
	if (r < 0)
		fprintf(stderr, "%s\n", strerror(-r));
	return -r & 0xff;
}
