/* What the service manager wants to hear. Without systemd, or when nobody listens, every call does nothing and succeeds. */
#ifndef ZEUS_NOTIFY_H
#define ZEUS_NOTIFY_H
#include <stdbool.h>
#include <stdint.h>

/* READY=1 with a line for `systemctl status` (may be NULL). */
void notify_ready(const char *status);
void notify_stopping(void);
void notify_watchdog(void);
/* How often notify_watchdog() is to be called: half of what the manager allows; 0 = never. */
uint64_t notify_watchdog_every_ms(void);
/* Leave a copy of fd with the manager under name, to be found again after a restart. 0 or -errno. */
int notify_fd_keep(const char *name, int fd);
void notify_fd_forget(const char *name);
/* Calls take for each descriptor that was kept before this process started (CLOEXEC). What it takes is its own; the rest is closed, and
 * the manager forgets it. To be called once. */
void notify_fds_kept(bool (*take)(void *arg, const char *name, int fd), void *arg);
#endif
