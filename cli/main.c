/* zeus: what plain tools do badly with the files below /zeus. Looks at the whole in one command; waits for a file to say something.
 *
 * Runs as the user, needs no privilege, and knows nothing of the ledger: it reads the mounted tree like everybody else. Keys and
 * signatures, which need no tree at all, are key.c's and sign.c's. */
#include "cli/cli.h"
#include "cli/genesis.h"
#include "cli/top.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define LOOK_MS 1000    /* at least this often, should a change go unannounced */
#define EXIT_TIMEOUT 124

struct options { const char *mount; uint64_t timeout_ms; /* UINT64_MAX: for ever */ };

static const char usage_text[] =
    "Usage: zeus [--mount DIR] status\n"
    "       zeus [--mount DIR] wait [--timeout DURATION] PATH [VALUE]\n"
    "       zeus top ...    leases and what they use; see zeus top --help\n"
    "       zeus key ...    keep keys of your own; see zeus key --help\n"
    "       zeus sign ...   sign with them; see zeus sign --help\n"
    "       zeus genesis paper --angel KEYS --public KEYS --discounted AMOUNT --team KEYS --reserve KEYS > FILE\n"
    "       zeus genesis local [--account KEYS=AMOUNT]... > FILE\n"
    "       zeus genesis check FILE\n"
    "Look at the market mounted at /zeus; wait until a file below it holds VALUE, or holds anything;\n"
    "write down how a network begins, or check it.\n\n"
    "  --mount DIR         where the tree is mounted (default /zeus)\n"
    "  --timeout DURATION  give up after 90s, 10m, 2h ...\n"
    "  --angel KEYS        who shares the paper's 10 %; may be repeated, as the next three\n"
    "  --public KEYS       who shares the 50 %\n"
    "  --team KEYS         who shares the 20 %\n"
    "  --reserve KEYS      the foundation, which keeps the 20 %\n"
    "  --discounted AMOUNT how much of the 50 % was sold at a discount\n"
    "  --account KEYS=AMOUNT  an account with so many ZNC\n"
    "  --time TIME         when it begins, 2026-01-01T00:00:00Z; default now\n"
    "  --chain N           the network's number, default 1\n"
    "  --param NAME=VALUE  a rule: trial, grace, settle, consent, unstake, commission_ppm, bond_ppm, lane_tx_max,\n"
    "                      sketch_half_ms, deposit_per_byte, free_wu and the other keys of the file\n"
    "  --help, --version\n\n"
    "KEYS: a public key of 64 hex digits, or THRESHOLD/KEY[*WEIGHT],KEY[*WEIGHT]... for several.\n"
    "Exit status: 0 done, 1 refused, 2 usage, 69 the broker is not running, 77 no permission, 124 gave up waiting.\n";

static uint64_t cli_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int cli_refused(const char *path, int err)
{
	const char *hint = err == ENOTCONN ? "; is zeus-broker running?" : err == EACCES ? "; it belongs to another user" : "";
	fprintf(stderr, "zeus: %s: %s%s\n", path, strerror(err), hint);
	return err == ENOTCONN ? EX_UNAVAILABLE : err == EACCES || err == EPERM ? EX_NOPERM : 1;
}

static bool cli_path(const struct options *o, const char *name, char out[PATH_MAX])
{
	int n = name[0] == '/' ? snprintf(out, PATH_MAX, "%s", name) : snprintf(out, PATH_MAX, "%s/%s", o->mount, name);
	return n > 0 && n < PATH_MAX;
}

/* The file's first bytes without its last newline; 0 or -errno. */
static int cli_read(int fd, char out[4096])
{
	ssize_t n = pread(fd, out, 4095, 0);
	if (n < 0)
		return -errno;
	while (n > 0 && out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	return 0;
}

static int cli_show(const struct options *o, const char *name, const char *title)
{
	char path[PATH_MAX], text[4096];
	if (!cli_path(o, name, path))
		return 2;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : cli_read(fd, text);
	if (rc < 0)
		return cli_refused(path, -rc);
	printf("%s%s%s\n", title, title[0] ? "\n" : "", text);
	return 0;
}

static int cli_status(const struct options *o)
{
	int rc = cli_show(o, "status", "");
	if (rc == 0)
		rc = cli_show(o, "chains.tsv", "");
	return rc ? rc : cli_show(o, "tasks.tsv", "");
}

/* The file is opened anew at every look: it may appear only later, and names are what users wait for. */
static int cli_look(const char *path, const char *value, uint64_t wait_ms, bool *done)
{
	char text[4096];
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd >= 0) {
		int rc = cli_read(fd, text);
		if (rc < 0)
			return rc;
		*done = value ? strcmp(text, value) == 0 : text[0] != '\0';
		if (*done)
			return 0;
	}
	struct pollfd p = {.fd = fd, .events = POLLPRI};
	poll(&p, 1, (int)wait_ms);
	return 0;
}

static int cli_wait(const struct options *o, const char *name, const char *value)
{
	char path[PATH_MAX];
	uint64_t start = cli_now_ms();
	bool done = false;
	if (!cli_path(o, name, path))
		return 2;
	for (;;) {
		uint64_t gone = cli_now_ms() - start;
		uint64_t left = gone < o->timeout_ms ? o->timeout_ms - gone : 0;
		int rc = cli_look(path, value, left < LOOK_MS ? left : LOOK_MS, &done);
		if (rc < 0)
			return cli_refused(path, -rc);
		if (done)
			return 0;
		if (!left)
			return EXIT_TIMEOUT;
	}
}

static int cli_usage(const char *what) { return cli_complain(CLI_USAGE, "%s", what); }

/* -1: go on; else the exit code. */
static int cli_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {{"mount", 1, 0, 'm'}, {"timeout", 1, 0, 't'}, {"help", 0, 0, 'h'}, {"version", 0, 0, 'v'},
	    {0, 0, 0, 0}};
	uint32_t seconds;
	int c;
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'm': o->mount = optarg; break;
		case 't':
			if (!text_duration(optarg, &seconds))
				return cli_usage("--timeout takes a duration such as 90s or 10m");
			o->timeout_ms = (uint64_t)seconds * 1000;
			break;
		case 'h': fputs(usage_text, stdout); return 0;
		case 'v': puts("zeus " PACKAGE_VERSION); return 0;
		case '?': return cli_usage("unknown option");
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options o = {.mount = "/zeus", .timeout_ms = UINT64_MAX};
	if (argc > 1 && strcmp(argv[1], "key") == 0)
		return key_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "sign") == 0)
		return sign_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "top") == 0)
		return top_main(argc - 1, argv + 1, o.mount);
	if (argc > 1 && strcmp(argv[1], "genesis") == 0)
		return cli_genesis(argc - 1, argv + 1);
	int code = cli_options(argc, argv, &o), n = argc - optind;
	char **word = argv + optind;
	if (code >= 0)
		return code;
	if (n == 1 && strcmp(word[0], "status") == 0)
		return cli_status(&o);
	if ((n == 2 || n == 3) && strcmp(word[0], "wait") == 0)
		return cli_wait(&o, word[1], word[2]);
	return cli_usage(n ? "unknown command" : "what is to be done?");
}
