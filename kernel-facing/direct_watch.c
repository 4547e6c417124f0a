/* The once-a-second comparison of all leases: who must be looked at, and who is as he was.
 *
 * It knows files that are read again and namespaces that tell of their changes. What is compared with what is direct_check.c's. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel-facing/direct.h"

#define LOOK_AGAIN_MS 120000 /* of what neither a file nor a message would tell */
#define LOOK_SHARE 64       /* at most this part of all leases in one second, for that reason */
#define TOLD_MAX 64
#define MEMBERS_EACH 2      /* seconds between two looks at where the task is, */
#define MONITOR_EACH 8      /* and whether its monitor is there and nothing below is frozen */
#define READ_EACH 4         /* seconds between two readings of files whose writes are told */

static int hear_of(struct direct *d, int fd, uint64_t key)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = key};
	return epoll_ctl(d->told, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* UINT64_MAX is no lease's key: they have twelve digits. */
static int listen_host(struct direct *d)
{
	if (d->host_told >= 0)
		return 0;
	if (d->told < 0 && (d->told = epoll_create1(EPOLL_CLOEXEC)) < 0)
		return -errno;
	int fd = netns_listen(NULL);
	int r = fd < 0 ? fd : hear_of(d, fd, UINT64_MAX);
	if (r < 0 && fd >= 0)
		close(fd);
	d->host_told = r < 0 ? -1 : fd;
	if (d->inotify < 0)
		d->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return r;
}

static int listen_lease(struct direct *d, struct lease *l)
{
	char path[HOST_PATH];
	struct watch *w = &l->watch;
	if (w->open && w->told_fd >= 0)
		return 0;
	int r = w->open ? 0 : watch_open(w, &d->groups, l->leaf);
	r = r < 0 ? r : lease_netns(l, path);
	w->told_fd = r < 0 ? r : netns_listen(path);
	r = w->told_fd < 0 ? w->told_fd : hear_of(d, w->told_fd, l->key);
	if (r < 0)
		watch_close(w);
	else
		(void)watch_writes(w, &d->groups, l->leaf, d->inotify);
	return r;
}

static void tell_index(struct direct *d, int index)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (d->leases[i]->host_index == index)
			d->leases[i]->watch.told = true;
}

static void tell_all(struct direct *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		d->leases[i]->watch.told = true;
}

static void hear_packet(struct direct *d, void *buf, ssize_t len)
{
	for (struct nlmsghdr *h = buf; NLMSG_OK(h, (size_t)len); h = NLMSG_NEXT(h, len)) {
		bool link = h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK;
		if (h->nlmsg_len >= NLMSG_LENGTH(link ? sizeof(struct ifinfomsg) : sizeof(struct tcmsg)))
			tell_index(d, link ? ((struct ifinfomsg *)NLMSG_DATA(h))->ifi_index : ((struct tcmsg *)NLMSG_DATA(h))->tcm_ifindex);
	}
}

/* Everything that waits; of the host's links only those of leases matter. More than the socket holds: it may have been any of them. */
static void hear_host(struct direct *d)
{
	_Alignas(struct nlmsghdr) char buf[16384];
	for (;;) {
		ssize_t len = recv(d->host_told, buf, sizeof buf, MSG_DONTWAIT);
		if (len >= 0)
			hear_packet(d, buf, len);
		else if (errno == ENOBUFS)
			tell_all(d);
		else if (errno != EINTR)
			return;
	}
}

static void hear_lease(struct lease *l)
{
	char buf[64];
	l->watch.told = true;
	while (recv(l->watch.told_fd, buf, sizeof buf, MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS || errno == EINTR)
		;
}

static void hear_write(struct direct *d, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW)
		tell_all(d);
	else if (!e->len || !strstr(e->name, ".events")) /* counters, which the kernel itself writes */
		for (uint32_t i = 0; i < d->n; i++)
			if (watch_has(&d->leases[i]->watch, e->wd))
				d->leases[i]->watch.told = true;
}

static void hear_writes(struct direct *d)
{
	_Alignas(struct inotify_event) char buf[16384];
	ssize_t len;
	while ((len = read(d->inotify, buf, sizeof buf)) > 0)
		for (const char *p = buf; p < buf + len; p += sizeof(struct inotify_event) + ((const struct inotify_event *)p)->len)
			hear_write(d, (const struct inotify_event *)p);
}

static void hear(struct direct *d)
{
	struct epoll_event e[TOLD_MAX];
	if (d->inotify >= 0)
		hear_writes(d);
	int n = TOLD_MAX;
	for (uint32_t turn = 0; n == TOLD_MAX && turn <= LEASES_PER_NODE_MAX / TOLD_MAX; turn++) {
		n = epoll_wait(d->told, e, TOLD_MAX, 0);
		for (int i = 0; i < n; i++) {
			struct lease *l = e[i].data.u64 == UINT64_MAX ? NULL : lease_by_key(d, e[i].data.u64);
			if (l)
				hear_lease(l);
			else if (e[i].data.u64 == UINT64_MAX)
				hear_host(d);
		}
	}
}

/* That a task was moved out of its groups, or has lost its monitor, is told by nobody. */
static bool is_where_it_was(struct direct *d, struct lease *l)
{
	uint32_t strays = 0, turn = l->rec.slot + ++l->watch.turn;
	if (l->rec.stage < STAGE_CREATED || l->exited || l->pidfd < 0)
		return true;
	if (turn % MEMBERS_EACH == 0 && group_strays(&d->groups, l->leaf, l->rec.init_pid, &strays) == 0 && strays)
		return false;
	if (turn % MONITOR_EACH)
		return true;
	return (l->unwatched || group_count(&d->groups, l->keeper)) && group_freeze_asked(&d->groups, l->leaf) == l->rec.frozen;
}

/* A device can go away without a word. */
static bool is_as_it_was(struct direct *d, struct lease *l)
{
	struct watch *w = &l->watch;
	if (!is_where_it_was(d, l))
		return false;
	if (!w->good || w->told || l->rec.quota.ndevices || l->stopping_since_ms || d->host_told < 0)
		return false;
	if (++w->unread % 2 && (l->fence_drifted || fence_touched(&l->fence)))
		return false;
	if (w->wd[0] >= 0 && w->unread < READ_EACH)
		return true;
	w->unread = 0;
	return watch_hash(w) == w->hash;
}

static int look(struct direct *d, struct lease *l, uint64_t now, struct checked *out)
{
	struct watch *w = &l->watch;
	bool heard = listen_lease(d, l) == 0;
	w->told = false;
	w->hash = heard ? watch_hash(w) : 0; /* before the look: what changes after it is seen next time */
	w->looked_ms = now;
	int r = direct_check(&d->base, &l->name, out->found, &out->n);
	w->unread = l->rec.slot % READ_EACH;
	w->good = r == 0 && heard && w->hash && out->n == 0;
	return r;
}

static int check_one(struct direct *d, struct lease *l, uint64_t now, uint32_t *again, struct checked *out)
{
	bool due = now - l->watch.looked_ms >= LOOK_AGAIN_MS && *again;
	if (due || !is_as_it_was(d, l)) {
		*again -= due;
		return look(d, l, now, out);
	}
	if (l->log_cpu_us != l->meter.last.cpu_us) { /* who writes to his log uses a processor */
		l->log_cpu_us = l->meter.last.cpu_us;
		lease_log_readable(d, l);
	}
	task_watch(d, l);
	direct_bytes(d, l, out);
	return 0;
}

int direct_checks(struct kernel *k, const struct lease_name *leases, uint32_t n, struct checked *out)
{
	struct direct *d = direct_of(k);
	uint64_t now = host_now_ms();
	uint32_t again = n / LOOK_SHARE + 1;
	if (listen_host(d) == 0)
		hear(d);
	for (uint32_t i = 0; i < n; i++) {
		struct lease *l = lease_find(d, &leases[i]);
		out[i].n = 0;
		out[i].result = l && !l->closing ? check_one(d, l, now, &again, &out[i]) : -ESRCH;
	}
	return 0;
}
