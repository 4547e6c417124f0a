/* sim: random blocks through the chains, and every invariant after each of them.
 *
 * Knows the command line, and how seeds are shared out among processes (none is begun after --seconds). A check that fails prints the seed,
 * the height and the command that does it again, and ends with 1; so does what the books call impossible. */
#include "tests/sim/sim.h"
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX 64

static struct { uint64_t seed, height; } now; /* for who is told of a signal */

static void say_again(uint64_t seed, uint64_t height, const struct options *o)
{
	fprintf(stderr, "again: tests/sim/sim --seed %" PRIu64 " --blocks %" PRIu64 " --stop-at %" PRIu64 "%s\n", seed, o->blocks, height,
	    o->every_step ? " --every-step" : "");
}

void sim_fail(const struct world *w, const char *what, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fprintf(stderr, "sim: seed %" PRIu64 " height %" PRIu64 ": %s: ", w->seed, w->before.height + 1, what);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	say_again(w->seed, w->before.height + 1, w->o);
	if (w->o->trace)
		fflush(w->o->trace);
	_exit(1);
}

static void died(int sig)
{
	char text[128];
	int n = snprintf(text, sizeof text, "sim: signal %d in seed %" PRIu64 "\n", sig, now.seed);
	ssize_t ignored = write(STDERR_FILENO, text, (size_t)n);
	(void)ignored;
	signal(sig, SIG_DFL);
	raise(sig);
}

struct plan { uint64_t first, seeds; unsigned jobs; time_t until; const char *trace; struct options o; };

static int job(const struct plan *p, unsigned k, struct coverage *c)
{
	for (uint64_t i = k; i < p->seeds && (!p->until || time(NULL) < p->until); i += p->jobs) {
		struct options o = p->o;
		now.seed = p->first + i;
		o.every_step = o.every_step || (p->seeds > 1 && now.seed % 64 == 5);
		if (o.every_step && p->seeds > 1)
			o.blocks = o.blocks / 8 + 1;
		sim_run(now.seed, &o, c);
		if (!p->o.quiet)
			printf("seed %" PRIu64 ": %" PRIu64 " blocks so far\n", now.seed, c->blocks);
		fflush(stdout);
	}
	return 0;
}

static int run(const struct plan *p, struct coverage *c)
{
	int failed = 0, status;
	if (p->jobs == 1)
		return job(p, 0, c);
	for (unsigned k = 0; k < p->jobs; k++)
		if (fork() == 0)
			_exit(job(p, k, c));
	while (wait(&status) > 0)
		failed |= !WIFEXITED(status) || WEXITSTATUS(status);
	return failed;
}

static int usage(void)
{
	fprintf(stderr, "usage: sim [--seed N | --seeds N [--first N]] [--blocks N] [--stop-at HEIGHT] [--jobs N] [--trace FILE] "
			"[--every-step] [--seconds N] "
			"[--quiet]\n");
	return 2;
}

static bool arguments(int argc, char **argv, struct plan *p)
{
	static const struct option with[] = {{"seed", 1, NULL, 's'}, {"seeds", 1, NULL, 'n'}, {"first", 1, NULL, 'f'},
	    {"blocks", 1, NULL, 'b'}, {"stop-at", 1, NULL, 'h'}, {"jobs", 1, NULL, 'j'}, {"trace", 1, NULL, 't'},
	    {"every-step", 0, NULL, 'e'}, {"quiet", 0, NULL, 'q'}, {"seconds", 1, NULL, 'u'}, {NULL, 0, NULL, 0}};
	int c;
	while ((c = getopt_long(argc, argv, "", with, NULL)) != -1) {
		uint64_t v = optarg ? strtoull(optarg, NULL, 10) : 0;
		switch (c) {
		case 's': p->first = v; p->seeds = 1; break;
		case 'n': p->seeds = v; break;
		case 'f': p->first = v; break;
		case 'b': p->o.blocks = v; break;
		case 'h': p->o.stop_at = v; break;
		case 'j': p->jobs = (unsigned)v; break;
		case 't': p->trace = optarg; break;
		case 'e': p->o.every_step = true; break;
		case 'q': p->o.quiet = true; break;
		case 'u': p->until = time(NULL) + (time_t)v; break;
		case '?': return false;
		}
	}
	return optind == argc && p->seeds && p->o.blocks && p->jobs && p->jobs <= JOBS_MAX && (!p->trace || p->seeds == 1);
}

int main(int argc, char **argv)
{
	struct plan p = {.first = 1, .seeds = 1, .jobs = 1, .o = {.blocks = 1000}};
	if (!arguments(argc, argv, &p))
		return usage();
	if (p.trace && !(p.o.trace = fopen(p.trace, "w"))) {
		perror(p.trace);
		return 2;
	}
	struct coverage *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED || sign_init() != 0)
		return 2;
	signal(SIGABRT, died);
	signal(SIGSEGV, died);
	int failed = run(&p, c);
	if (p.o.trace)
		fclose(p.o.trace);
	coverage_print(c);
	return failed;
}
