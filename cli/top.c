/* zeus top: leases and what they use, again and again on a terminal, once elsewhere.
 *
 * It knows the terminal's few escape sequences and gives it back as it was. What is shown is read by top_read.c. */
#include "cli/cli.h"
#include "cli/top.h"
#include "common/cleanup.h"
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define DELAY_MAX_S 3600

struct options { const char *tree, *sort; uint64_t count; double delay_s; bool once, json, screen, stopped; int signals; };

static const char usage_text[] =
    "Usage: zeus top [--tree DIR] [--sort KEY] [-n COUNT] [-d SECONDS] [--once] [--json]\n"
    "Leases with what they use. On a terminal again every second until q is pressed; elsewhere once.\n\n"
    "  --tree DIR    where the tree is (default /zeus)\n"
    "  --sort KEY    cpu, mem, net, left, cost or name (default cpu); c m n l h a on a terminal\n"
    "  -n COUNT      so many times\n"
    "  -d SECONDS    between two of them (default 1)\n"
    "  --once        once: rates are the means of each lease's life\n"
    "  --json        one JSON array each time\n\n"
    "Exit status: 0 done, 2 usage, 69 the broker is not running, 77 no permission.\n";

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const char *bytes(double v, char out[16])
{
	static const char unit[] = " KMGTP";
	size_t u = 0;
	while (v >= 1000 && u < sizeof(unit) - 2) {
		v /= 1024;
		u++;
	}
	snprintf(out, 16, u ? "%.1f%c" : "%.0f", v, unit[u]);
	return out;
}

static const char *duration(uint64_t s, char out[24])
{
	if (s >= 86400)
		snprintf(out, 24, "%llud%02lluh", (unsigned long long)s / 86400, (unsigned long long)s / 3600 % 24);
	else
		snprintf(out, 24, "%llu:%02u:%02u", (unsigned long long)s / 3600, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	return out;
}

static void line_of(const struct top_row *r, char out[256])
{
	char mem[16], rx[16], tx[16], left[24];
	if (r->live)
		snprintf(out, 256, "%-15.15s %-10.10s %6.1f %6.1f %8s %5llu %8s %8s %9s %12.12s  %.20s", r->lease, r->state, r->cpu, r->gpu,
		    bytes((double)r->mem, mem), (unsigned long long)r->pids, bytes(r->rx_rate, rx), bytes(r->tx_rate, tx),
		    duration(r->left_s, left), r->rate, r->app);
	else
		snprintf(out, 256, "%-15.15s %-10.10s %6s %6s %8s %5s %8s %8s %9s %12.12s  %.20s", r->lease, r->state, "-", "-", "-", "-",
		    "-", "-", duration(r->left_s, left), r->rate, r->app);
}

static void window(unsigned *rows, unsigned *columns)
{
	struct winsize w;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col;
	*rows = known ? w.ws_row : 24;
	*columns = known ? w.ws_col : 80;
}

static void put_line(const struct options *o, const char *text, unsigned columns)
{
	if (o->screen)
		printf("%.*s\033[K\r\n", (int)columns - 1, text);
	else
		puts(text);
}

static void show_table(const struct options *o, const struct top *t, const char *trouble)
{
	char line[256];
	unsigned rows = 24, columns = 80;
	size_t most = t->n;
	if (o->screen) {
		window(&rows, &columns);
		most = rows > 4 ? rows - 4 : 1;
		fputs("\033[H", stdout);
		snprintf(line, sizeof(line), "zeus top: %zu leases, by %s%s", t->n + t->skipped, o->sort, trouble);
		put_line(o, line, columns);
	}
	snprintf(line, sizeof(line), "%-15s %-10s %6s %6s %8s %5s %8s %8s %9s %12s  %s", "LEASE", "STATE", "CPU%", "GPU%", "MEM", "PIDS",
	    "RX/s", "TX/s", "LEFT", "COST/h", "APP");
	put_line(o, line, columns);
	for (size_t i = 0; i < t->n && i < most; i++) {
		line_of(&t->rows[i], line);
		put_line(o, line, columns);
	}
	if (o->screen)
		fputs("\033[J", stdout);
}

static void json_text(const char *key, const char *v)
{
	printf("\"%s\":\"", key);
	for (; *v; v++) /* printable already */
		printf(*v == '"' || *v == '\\' ? "\\%c" : "%c", *v);
	fputs("\",", stdout);
}

static void show_json(const struct top *t)
{
	putchar('[');
	for (size_t i = 0; i < t->n; i++) {
		const struct top_row *r = &t->rows[i];
		fputs(i ? ",\n {" : "\n {", stdout);
		json_text("lease", r->lease);
		json_text("state", r->state);
		json_text("app", r->app);
		json_text("rate", r->rate);
		printf("\"live\":%s,\"remaining_sec\":%llu,\"cpu_percent\":%.2f,\"gpu_percent\":%.2f,", r->live ? "true" : "false",
		    (unsigned long long)r->left_s, r->cpu, r->gpu);
		printf("\"cpu_usage_usec\":%llu,\"memory_current\":%llu,\"memory_peak\":%llu,\"pids_current\":%llu,",
		    (unsigned long long)r->cpu_us, (unsigned long long)r->mem, (unsigned long long)r->mem_peak,
		    (unsigned long long)r->pids);
		printf("\"rx_bytes\":%llu,\"tx_bytes\":%llu,\"rx_per_sec\":%.0f,\"tx_per_sec\":%.0f}", (unsigned long long)r->rx,
		    (unsigned long long)r->tx, r->rx_rate, r->tx_rate);
	}
	puts(t->n ? "\n]" : "]");
}

static int absent(const struct options *o, int err)
{
	if (err == EACCES || err == EPERM)
		return cli_complain(EX_NOPERM, "%s/leases: %s", o->tree, strerror(err));
	return cli_complain(EX_UNAVAILABLE, "%s/leases: %s; is zeus-broker running, and the tree mounted there?", o->tree, strerror(err));
}

static void key_pressed(struct options *o)
{
	static const struct { char key; const char *sort; } keys[] = {
	    {'c', "cpu"}, {'m', "mem"}, {'n', "net"}, {'l', "left"}, {'h', "cost"}, {'a', "name"}};
	char c;
	if (read(STDIN_FILENO, &c, 1) != 1 || c == 'q') {
		o->stopped = true;
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].key == c)
			o->sort = keys[i].sort;
}

static void signal_came(struct options *o)
{
	struct signalfd_siginfo s;
	if (read(o->signals, &s, sizeof(s)) == sizeof(s) && s.ssi_signo != SIGWINCH)
		o->stopped = true;
}

/* Until the time for the next, a key, or a new size of the window. */
static void pause_until(struct options *o, uint64_t end)
{
	uint64_t now = now_ms();
	struct pollfd p[2] = {{.fd = o->screen ? STDIN_FILENO : -1, .events = POLLIN}, {.fd = o->signals, .events = POLLIN}};
	if (now >= end || poll(p, 2, (int)(end - now)) <= 0)
		return;
	if (p[0].revents)
		key_pressed(o);
	if (p[1].revents)
		signal_came(o);
}

static int top_loop(struct options *o)
{
	struct top last = {.n = 0};
	uint64_t next = now_ms();
	int rc = 0;
	for (uint64_t i = 0; !o->stopped && (!o->count || i < o->count);) {
		struct top t = {.n = 0};
		bool due = now_ms() >= next;
		rc = due ? top_read(o->tree, last.rows ? &last : NULL, now_ms(), &t) : 0;
		if (rc < 0 && !o->screen)
			break;
		if (due && rc == 0) {
			top_free(&last);
			last = t;
		}
		top_sort(&last, o->sort);
		if (o->json)
			show_json(&last);
		else
			show_table(o, &last, rc < 0 ? "; the tree cannot be read: is zeus-broker running?" : "");
		fflush(stdout);
		i += due;
		next += due ? (uint64_t)(o->delay_s * 1000) : 0;
		if (!o->count || i < o->count)
			pause_until(o, next);
	}
	top_free(&last);
	return rc < 0 && !o->screen ? absent(o, -rc) : 0;
}

static int top_screen(struct options *o)
{
	struct termios terminal, raw;
	sigset_t set;
	if (tcgetattr(STDIN_FILENO, &terminal) < 0)
		return cli_complain(CLI_REFUSED, "the terminal does not answer: %s", strerror(errno));
	raw = terminal;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	sigemptyset(&set);
	for (const int *signo = (const int[]){SIGINT, SIGTERM, SIGHUP, SIGWINCH, 0}; *signo; signo++)
		sigaddset(&set, *signo);
	sigprocmask(SIG_BLOCK, &set, NULL);
	autoclose int signals = o->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return cli_complain(CLI_REFUSED, "signals cannot be waited for: %s", strerror(errno));
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
	int code = top_loop(o);
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal);
	return code;
}

static bool number(const char *text, double most, double *out)
{
	char *end;
	*out = strtod(text, &end);
	return end != text && !*end && *out > 0 && *out <= most;
}

/* -1: go on; else the exit code. */
static int options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {{"tree", 1, 0, 't'}, {"sort", 1, 0, 's'}, {"once", 0, 0, 'o'}, {"json", 0, 0, 'j'},
	    {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	struct top none = {.n = 0};
	double v;
	int c;
	while ((c = getopt_long(argc, argv, "n:d:", names, NULL)) != -1) {
		switch (c) {
		case 't': o->tree = optarg; break;
		case 's': o->sort = optarg; break;
		case 'o': o->once = true; break;
		case 'j': o->json = true; break;
		case 'n':
			if (!number(optarg, 1e9, &v) || (o->count = (uint64_t)v) == 0)
				return cli_complain(CLI_USAGE, "-n takes how many times, from 1");
			break;
		case 'd':
			if (!number(optarg, DELAY_MAX_S, &o->delay_s) || o->delay_s < 0.1)
				return cli_complain(CLI_USAGE, "-d takes seconds, from 0.1 to %d", DELAY_MAX_S);
			break;
		case 'h': fputs(usage_text, stdout); return 0;
		case '?': return CLI_USAGE;
		}
	}
	if (optind < argc)
		return cli_complain(CLI_USAGE, "zeus top takes no %s", argv[optind]);
	if (!top_sort(&none, o->sort))
		return cli_complain(CLI_USAGE, "--sort takes cpu, mem, net, left, cost or name");
	return -1;
}

int top_main(int argc, char **argv, const char *mount)
{
	struct options o = {.tree = mount, .sort = "cpu", .delay_s = 1, .signals = -1};
	int code = options(argc, argv, &o);
	if (code >= 0)
		return code;
	bool terminal_here = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	o.screen = terminal_here && !o.json && !o.once && !o.count;
	if (o.once || (!terminal_here && !o.count))
		o.count = 1;
	return o.screen ? top_screen(&o) : top_loop(&o);
}
