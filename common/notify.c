/* The service manager's notification protocol, by libsystemd.
 *
 * Knows readiness, status, watchdog and the descriptor store. Does not know what is kept or why. Built without systemd it is
 * a set of functions that do nothing. */
#include "common/notify.h"
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

void notify_ready(const char *status) { sd_notifyf(0, "READY=1\nSTATUS=%s", status ? status : ""); }
void notify_stopping(void) { sd_notify(0, "STOPPING=1"); }
void notify_watchdog(void) { sd_notify(0, "WATCHDOG=1"); }

uint64_t notify_watchdog_every_ms(void)
{
	uint64_t usec = 0;
	return sd_watchdog_enabled(0, &usec) > 0 ? usec / 2000 : 0;
}

int notify_fd_keep(const char *name, int fd)
{
	char state[128];
	snprintf(state, sizeof state, "FDSTORE=1\nFDNAME=%s", name);
	int sent = sd_pid_notify_with_fds(0, 0, state, &fd, 1);
	return sent < 0 ? sent : 0;
}

void notify_fd_forget(const char *name) { sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name); }

void notify_fds_kept(bool (*take)(void *arg, const char *name, int fd), void *arg)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names); /* children are told nothing of them */
	for (int i = 0; i < n; i++) {
		if (!take(arg, names[i], SD_LISTEN_FDS_START + i)) {
			close(SD_LISTEN_FDS_START + i);
			notify_fd_forget(names[i]);
		}
		free(names[i]);
	}
	free(names);
}

#else

void notify_ready(const char *status) { (void)status; }
void notify_stopping(void) { }
void notify_watchdog(void) { }
uint64_t notify_watchdog_every_ms(void) { return 0; }
int notify_fd_keep(const char *name, int fd) { (void)name; (void)fd; return 0; }
void notify_fd_forget(const char *name) { (void)name; }
void notify_fds_kept(bool (*take)(void *arg, const char *name, int fd), void *arg) { (void)take, (void)arg; }

#endif
