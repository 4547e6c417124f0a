/* Reading a passphrase.
 *
 * Knows the terminal: echo is off while the line is typed, and is on again whatever ends the typing. Does not know what the passphrase
 * opens. Bytes are read one by one, so that nothing of the secret stays in a buffer of the library. */
#include "cli/passphrase.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/io.h"
#include "common/text.h"

bool passphrase_fd(const char *s, int *out)
{
	uint64_t n;
	bool ok = text_u64(s, 65535, &n);
	if (ok)
		*out = (int)n;
	return ok;
}

/* One byte; during: the signals that are let in while it is waited for, and at no other time. */
static ssize_t read_byte(int fd, const sigset_t *during, char *c)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return during && ppoll(&p, 1, NULL, during) < 0 ? -1 : read(fd, c, 1);
}

/* -EINTR: a signal; -E2BIG: too long; -ENODATA: nothing there. */
static int read_line(int fd, const sigset_t *during, char *out, size_t *len)
{
	size_t n = 0;
	ssize_t got;
	char c = 0;
	while ((got = read_byte(fd, during, &c)) == 1 && c != '\n') {
		if (n == PASSPHRASE_MAX)
			return -E2BIG;
		out[n++] = c;
	}
	if (got < 0)
		return -errno;
	secret_wipe(&c, 1);
	if (n && out[n - 1] == '\r')
		n--;
	*len = n;
	return n ? 0 : -ENODATA;
}

static void on_signal(int signo) { (void)signo; }

/* Signals that would end or stop the program with echo off interrupt the reading instead; nothing was done then. They are held back but
 * while it waits, so that none comes just before. */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define CAUGHT (sizeof caught / sizeof caught[0])

struct guard { struct sigaction action[CAUGHT]; sigset_t mask; };

static void guard_begin(struct guard *g)
{
	struct sigaction quiet = {.sa_handler = on_signal};
	sigset_t held;
	sigemptyset(&held);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaddset(&held, caught[i]);
	sigprocmask(SIG_BLOCK, &held, &g->mask);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &quiet, &g->action[i]);
}

static void guard_end(const struct guard *g)
{
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &g->action[i], NULL);
	sigprocmask(SIG_SETMASK, &g->mask, NULL);
}

static int ask(int tty, const char *prompt, char *out, size_t *len)
{
	struct guard g;
	struct termios shown, hidden;
	if (tcgetattr(tty, &shown) < 0)
		return -errno;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	guard_begin(&g);
	int rc = tcsetattr(tty, TCSAFLUSH, &hidden) < 0 ? -errno : io_write_all(tty, prompt, strlen(prompt)); /* asked when echo is off */
	rc = rc < 0 ? rc : read_line(tty, &g.mask, out, len);
	tcsetattr(tty, TCSAFLUSH, &shown);
	guard_end(&g);
	(void)io_write_all(tty, "\n", 1);
	return rc;
}

static int complain(int err)
{
	if (err == -EINTR)
		return cli_complain(130, "interrupted; nothing was done");
	if (err == -E2BIG)
		return cli_complain(CLI_REFUSED, "the passphrase is longer than %d bytes", PASSPHRASE_MAX);
	if (err == -ENODATA)
		return cli_complain(CLI_REFUSED, "the passphrase is empty; nothing was done");
	return cli_complain(CLI_REFUSED, "the passphrase cannot be read: %s", strerror(-err));
}

static int from_terminal(const char *prompt, bool twice, char *out, size_t *len)
{
	autosecret char *again = secret_new(PASSPHRASE_MAX);
	size_t len_again = 0;
	autoclose int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return cli_complain(CLI_REFUSED, "there is no terminal to ask for the passphrase; see --passphrase-file");
	int err = ask(tty, prompt, out, len);
	if (!err && twice)
		err = ask(tty, "The same again: ", again, &len_again);
	if (err)
		return complain(err);
	if (twice && (len_again != *len || memcmp(again, out, *len) != 0))
		return cli_complain(CLI_REFUSED, "the two differ; nothing was done");
	return CLI_DONE;
}

int passphrase_read(const struct passphrase_from *from, const char *prompt, bool twice, char **out, size_t *len)
{
	*out = secret_new(PASSPHRASE_MAX);
	if (from->fd < 0 && !from->file)
		return from_terminal(prompt, twice, *out, len);
	autoclose int fd = from->file ? open(from->file, O_RDONLY | O_CLOEXEC) : fcntl(from->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return cli_complain(CLI_REFUSED, "%s: %s", from->file ? from->file : "the passphrase's descriptor", strerror(errno));
	int err = read_line(fd, NULL, *out, len);
	return err ? complain(err) : CLI_DONE;
}
