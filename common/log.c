/* Messages for the administrator.
 *
 * Knows where they go (the journal when stderr is connected to it, else stderr), that bytes which could drive a terminal are
 * escaped, and that a flood is thinned: each level has its own budget a second, so noise cannot drown an error.
 * Does not know what is worth saying; only mains do. The state here is the one exception to "no mutable globals". */
#include "common/log.h"
#include "config.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-journal.h>
#endif

#define LOG_LINE_MAX 1024
#define LOG_PER_SECOND 50

static struct {
	pthread_mutex_t lock; /* pool threads log too */
	const char *program;
	enum log_level level;
	bool journal;
	time_t second;
	unsigned sent[LOG_LEVEL_DEBUG + 1], suppressed;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .program = "zeus", .level = LOG_LEVEL_INFO};

static const char *const level_words[] = {"error", "warning", "info", "debug"};

/* $JOURNAL_STREAM names the stream that systemd connected; a stderr that was redirected since is not it. */
static bool stderr_is_journal(void)
{
	unsigned long long dev, ino;
	struct stat st;
	const char *stream = getenv("JOURNAL_STREAM");
	if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 || fstat(2, &st) < 0)
		return false;
	return st.st_dev == dev && st.st_ino == ino;
}

void log_open(const char *program)
{
	state.program = program;
	state.journal = stderr_is_journal();
}

void log_set_level(enum log_level level) { state.level = level; }

size_t log_escape(const char *text, char *out, size_t cap)
{
	size_t len = 0;
	for (const unsigned char *p = (const unsigned char *)text; *p && len + 5 <= cap; p++) {
		if (*p >= 0x20 && *p < 0x7f)
			out[len++] = (char)*p;
		else
			len += (size_t)snprintf(out + len, cap - len, "\\x%02x", *p);
	}
	out[len] = '\0';
	return len;
}

static void log_emit(enum log_level level, const char *text)
{
#ifdef HAVE_SYSTEMD
	static const int priorities[] = {3, 4, 6, 7}; /* syslog's */
	if (state.journal && sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", priorities[level],
					     "SYSLOG_IDENTIFIER=%s", state.program, NULL) == 0)
		return;
#endif
	fprintf(stderr, "%s: %s: %s\n", state.program, level_words[level], text);
}

/* Does this second's budget of the level still hold one? A new second first tells what the last one swallowed. */
static bool log_admit(enum log_level level)
{
	struct timespec now;
	char told[64];
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != state.second) {
		state.second = now.tv_sec;
		for (int i = 0; i <= LOG_LEVEL_DEBUG; i++)
			state.sent[i] = 0;
		if (state.suppressed) {
			snprintf(told, sizeof told, "%u messages suppressed", state.suppressed);
			log_emit(LOG_LEVEL_WARNING, told);
		}
		state.suppressed = 0;
	}
	if (state.sent[level] < LOG_PER_SECOND) {
		state.sent[level]++;
		return true;
	}
	state.suppressed++;
	return false;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX], line[2 * LOG_LINE_MAX];
	va_list ap;
	if (level > state.level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_escape(text, line, sizeof line);
	pthread_mutex_lock(&state.lock);
	if (log_admit(level))
		log_emit(level, line);
	pthread_mutex_unlock(&state.lock);
}
