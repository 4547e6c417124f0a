/* Feeds a target without libFuzzer: every file of its corpus, then bytes that are mutations of them, a fixed number from a fixed seed.
 *
 * Knows where the corpus of the program's name lies, how to mutate, and how to keep the input that broke something. Does not know formats.
 * FUZZ_SEED and FUZZ_RUNS change what is tried; a program given files tries those alone. */
#include <dirent.h>
#include <sanitizer/common_interface_defs.h>
#include <time.h>
#include <unistd.h>
#include "tests/fuzz/fuzz.h"

#define RUNS 2000
#define SECONDS_MAX 2 /* per target; on a slow machine fewer mutations are tried */
#define FILES_MAX 4096
#define MUTANT_MAX 65536

struct input { uint8_t *p; size_t len; };

static struct input files[FILES_MAX], now;
static size_t nfiles;
static uint64_t seed;
static const char *target;

const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "handle_abort=1:detect_leaks=1:allocator_may_return_null=1"; }

static void keep_input(void)
{
	char path[128];
	snprintf(path, sizeof path, "broke-%s", target);
	FILE *f = fopen(path, "w");
	if (f) {
		fwrite(now.p, 1, now.len, f);
		fclose(f);
		fprintf(stderr, "%s: the input is in %s (seed and runs: see above)\n", target, path);
	}
}

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return below ? (uint32_t)(seed >> 16) % below : 0;
}

/* A block of exactly its length, so that a read beyond it is seen. */
static void try(const uint8_t *p, size_t len)
{
	now.p = malloc(len ? len : 1);
	must(now.p != NULL);
	memcpy(now.p, p, len);
	now.len = len;
	LLVMFuzzerTestOneInput(now.p, len);
	free(now.p);
	now = (struct input){0};
}

static void load(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f || nfiles == FILES_MAX) {
		fprintf(stderr, "%s: cannot be read, or too many files\n", path);
		exit(99);
	}
	struct input in = {malloc(FUZZ_INPUT_MAX), 0};
	must(in.p != NULL);
	in.len = fread(in.p, 1, FUZZ_INPUT_MAX, f);
	fclose(f);
	uint8_t *fit = realloc(in.p, in.len ? in.len : 1);
	in.p = fit ? fit : in.p;
	files[nfiles++] = in;
}

static int visible(const struct dirent *d) { return d->d_name[0] != '.'; }
static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void load_corpus(void)
{
	const char *top = getenv("top_srcdir");
	char dir[512], path[1024];
	struct dirent **found = NULL;
	snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", top ? top : ".", target);
	int n = scandir(dir, &found, visible, by_name);
	if (n <= 0) {
		fprintf(stderr, "%s: there is no corpus (top_srcdir?)\n", dir);
		exit(99);
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, found[i]->d_name);
		load(path);
		free(found[i]);
	}
	free(found);
}

static void set_number(uint8_t *p, size_t len)
{
	static const uint64_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1000000000000000000,
	    0x7fffffffffffffff, 0xffffffffffffffff};
	uint64_t v = edges[any(sizeof edges / sizeof edges[0])] + any(3) - 1;
	size_t width = (size_t)1 << any(4), at = any((uint32_t)len);
	for (size_t i = 0; i < width && at + i < len; i++)
		p[at + i] = (uint8_t)(v >> 8 * i);
}

/* Make room for n bytes at a place, filled from another file, or take n away. */
static size_t resize(uint8_t *p, size_t len, bool grow)
{
	size_t at = any((uint32_t)len + 1), n = 1 + any(any(4) ? 8 : 512);
	const struct input *other = &files[any((uint32_t)nfiles)];
	if (!grow) {
		n = n < len - at ? n : len - at;
		memmove(p + at, p + at + n, len - at - n);
		return len - n;
	}
	if (len + n > MUTANT_MAX)
		return len;
	memmove(p + at + n, p + at, len - at);
	size_t from = any((uint32_t)other->len);
	for (size_t i = 0; i < n; i++)
		p[at + i] = other->len ? other->p[(from + i) % other->len] : (uint8_t)any(256);
	return len + n;
}

static size_t mutate(uint8_t *p, size_t len)
{
	for (uint32_t n = 1 + any(6); n; n--) {
		uint32_t how = any(8);
		if (len == 0 || how == 0)
			len = resize(p, len, true);
		else if (how == 1)
			len = resize(p, len, false);
		else if (how == 2)
			len = any(4) ? len : any((uint32_t)len + 1);
		else if (how <= 4)
			set_number(p, len);
		else if (how == 5)
			p[any((uint32_t)len)] = (uint8_t)any(256);
		else
			p[any((uint32_t)len)] ^= (uint8_t)(1u << any(8));
	}
	return len;
}

static uint32_t mutants(uint32_t runs)
{
	static uint8_t buf[MUTANT_MAX];
	uint32_t done = 0;
	for (time_t end = time(NULL) + SECONDS_MAX; done < runs && time(NULL) <= end; done++) {
		const struct input *in = &files[any((uint32_t)nfiles)];
		size_t len = in->len < sizeof buf ? in->len : sizeof buf;
		memcpy(buf, in->p, len);
		try(buf, mutate(buf, len));
	}
	return done;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);
	return s ? strtoull(s, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	target = strstr(base ? base : argv[0], "fuzz_");
	target = target ? target + strlen("fuzz_") : argv[0];
	seed = number("FUZZ_SEED", 20180901);
	__sanitizer_set_death_callback(keep_input);
	for (int i = 1; i < argc; i++)
		load(argv[i]);
	if (argc == 1)
		load_corpus();
	printf("%s: %zu files, seed %llu\n", target, nfiles, (unsigned long long)seed);
	fflush(stdout);
	for (size_t i = 0; i < nfiles; i++)
		try(files[i].p, files[i].len);
	if (argc == 1)
		printf("%s: and %u mutations\n", target, mutants((uint32_t)number("FUZZ_RUNS", RUNS)));
	for (size_t i = 0; i < nfiles; i++)
		free(files[i].p);
	return 0;
}
