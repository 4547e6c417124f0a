/* The configuration file, as anybody who may write it could fill it.
 *
 * It is taken whole, or nothing of it and the complaint names file and line. */
#include <sys/stat.h>
#include <unistd.h>
#include "common/conf.h"
#include "tests/fuzz/fuzz.h"

static char dir[64], file[96];

static void leave(void)
{
	unlink(file);
	rmdir(dir);
}

static void arrive(void)
{
	snprintf(dir, sizeof dir, "/tmp/zeus-fuzz-XXXXXX");
	must(mkdtemp(dir) != NULL);
	snprintf(file, sizeof file, "%s/zeus.conf", dir);
	atexit(leave);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf c, before;
	char why[512] = "";
	if (!dir[0])
		arrive();
	FILE *f = fopen(file, "w");
	must(f != NULL);
	must(fwrite(data, 1, size, f) == size && fchmod(fileno(f), 0644) == 0);
	fclose(f);
	memset(&c, 0, sizeof c);
	conf_defaults(&c);
	before = c;
	if (conf_read(&c, file, why))
		return 0;
	must(memcmp(&c, &before, sizeof c) == 0);
	must(memchr(why, 0, sizeof why) && strncmp(why, file, strlen(file)) == 0 && why[strlen(file)] == ':');
	return 0;
}
