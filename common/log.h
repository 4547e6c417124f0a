/* Messages for the administrator: to the journal when started by systemd, else to stderr. User bytes are escaped, floods are thinned. */
#ifndef ZEUS_LOG_H
#define ZEUS_LOG_H
#include <stdbool.h>
#include <stddef.h>
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
void log_open(const char *program); /* program: static string */
void log_set_level(enum log_level level);
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* text with every byte that is not printable ASCII as \xNN, cut to what fits cap; returns the length */
size_t log_escape(const char *text, char *out, size_t cap);
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#endif
