/* zeus-plan: the child that turns the ledger's facts into kernel verbs, and the kernel's counts into receipts.
 *
 * Started by zeus-broker as user zeus-plan with three descriptors: the pipe to the parent's verbs, the live/ directory, nothing else.
 * Knows no user's input, no path below /sys, and executes nothing. */
#include "broker/act.h"
#include "broker/retain.h"
#include "common/confine.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/text.h"
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_MS 10
#define RECONNECT_MS 250

struct options { int verbs_fd, live_fd; const char *ledger, *node; uint32_t operator_uid, interval_s; struct resources offer; };

static bool plan_offer(const char *text, struct resources *out)
{
	for (int k = 0; k < RESOURCES; k++) {
		char *end;
		unsigned long v = strtoul(text, &end, 10);
		if (end == text || v > UINT32_MAX || *end != (k == RESOURCES - 1 ? '\0' : ','))
			return false;
		out->v[k] = (uint32_t)v;
		text = end + 1;
	}
	return true;
}

static bool plan_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {{"verbs-fd", 1, 0, 'v'}, {"live-fd", 1, 0, 'l'}, {"ledger", 1, 0, 's'}, {"node", 1, 0, 'n'},
	    {"operator", 1, 0, 'o'}, {"interval", 1, 0, 'i'}, {"offer", 1, 0, 'f'}, {0, 0, 0, 0}};
	bool offered = false;
	int c;
	*o = (struct options){.verbs_fd = -1, .live_fd = -1, .interval_s = 60};
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'v': o->verbs_fd = atoi(optarg); break;
		case 'l': o->live_fd = atoi(optarg); break;
		case 's': o->ledger = optarg; break;
		case 'n': o->node = optarg; break;
		case 'o': o->operator_uid = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'i': o->interval_s = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'f': offered = plan_offer(optarg, &o->offer); break;
		case '?': return false;
		}
	}
	return offered && o->verbs_fd > 2 && o->live_fd > 2 && o->ledger && o->node && text_name_ok(o->node) && o->interval_s;
}

/* The node is on the ledger, with what it offers now. Asked again until the facts say so. Without a runtime it could deliver nothing. */
static void plan_register(struct actor *a, const struct options *o, uint64_t *asked_ms)
{
	bool known = !id_is_zero(&a->books.node) && resources_eq(&a->books.node_fact.caps, &o->offer);
	if (known || !a->inventory.runtime[0] || !a->link.caught_up || (*asked_ms && a->now_ms - *asked_ms < 2000))
		return;
	if (link_register(&a->link, o->node, &o->offer) == 0)
		*asked_ms = a->now_ms;
}

static void plan_link(struct actor *a, uint64_t *tried_ms)
{
	if (a->link.fd >= 0 || a->now_ms - *tried_ms < RECONNECT_MS)
		return;
	*tried_ms = a->now_ms;
	if (link_connect(&a->link, &a->books) < 0)
		return;
	act_linked(a);
	log_info("connected to the ledger at %s", a->link.path);
}

static bool plan_knows(const void *books, const char *name)
{
	for (const struct lease *l = ((const struct leases *)books)->first; l; l = l->next)
		if (strcmp(l->name.s, name) == 0)
			return true;
	return false;
}

/* Not before the ledger has said which leases there are: until then, nothing can be told to have ended. */
static void plan_trim(const struct actor *a, uint64_t *trimmed_ms)
{
	if (!a->link.caught_up || (*trimmed_ms && a->now_ms - *trimmed_ms < ENDED_TRIM_MS))
		return;
	*trimmed_ms = a->now_ms;
	int rc = retain_newest(a->live_fd, ENDED_KEEP, plan_knows, &a->books);
	if (rc < 0)
		log_warning("reports of ended leases cannot be removed: %s", strerror(-rc));
}

static int plan_wait_ms(const struct actor *a)
{
	if (a->busy)
		return BUSY_MS;
	uint64_t next = a->tick_ms + TICK_MS;
	uint64_t wait = next > a->now_ms ? next - a->now_ms : 0;
	if (a->link.fd < 0 && wait > RECONNECT_MS)
		wait = RECONNECT_MS;
	return (int)wait;
}

static int plan_loop(struct actor *a, const struct options *o)
{
	uint64_t tried_ms = 0, asked_ms = 0, trimmed_ms = 0;
	for (;;) {
		act_now(a);
		plan_link(a, &tried_ms);
		struct pollfd p[2] = {{.fd = a->link.fd, .events = POLLIN}, {.fd = o->verbs_fd, .events = 0}};
		if (poll(p, 2, plan_wait_ms(a)) < 0 && errno != EINTR)
			return -errno;
		if (p[1].revents & (POLLHUP | POLLERR))
			return 0; /* the parent is gone; so is this process's reason */
		act_now(a);
		act_pass(a, a->link.fd >= 0 && p[0].revents);
		plan_register(a, o, &asked_ms);
		plan_trim(a, &trimmed_ms);
	}
}

int main(int argc, char **argv)
{
	struct options o;
	log_open("zeus-plan");
	if (!plan_options(argc, argv, &o)) {
		log_error("zeus-plan is started by zeus-broker, not by hand");
		return 2;
	}
	struct actor *actor = act_new();
	if (!actor)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	umask(0027); /* what it reports is for zeus-views, whose group its directory has */
	int rc = kernel_client_new(o.verbs_fd, &actor->kernel);
	if (rc == 0)
		rc = confine_files(&(struct confine_place){o.live_fd, true}, 1);
	if (rc >= 0)
		rc = confine_seccomp(CONFINE_PLAN);
	if (rc < 0) {
		log_error("cannot start: %s", strerror(-rc));
		return 1;
	}
	actor->live_fd = o.live_fd;
	actor->interval_ms = (uint64_t)o.interval_s * 1000;
	leases_init(&actor->books, o.node);
	link_init(&actor->link, o.ledger, o.operator_uid);
	if ((rc = actor->kernel->ops->inventory(actor->kernel, &actor->inventory)) < 0 || (rc = act_adopt(actor)) < 0) {
		log_error("the kernel side does not answer: %s", strerror(-rc));
		return 1;
	}
	if (!actor->inventory.iops_held)
		log_warning("this kernel has no blk-throttle: what leases bought as iops is not held");
	if (!actor->inventory.runtime[0])
		log_error("no container runtime works, so this machine offers nothing: %s", actor->inventory.runtime_why);
	rc = plan_loop(actor, &o);
	link_close(&actor->link);
	return rc < 0 ? 1 : 0;
}
