/* What the ledger said to what this node asked, written back into `struct running`: asked again, waited for, or done.
 *
 * Knows the answers. What was asked, and what follows, are act.c's and plan.c's. */
#include "broker/answer.h"
#include <stdio.h>
#include "broker/resize.h"
#include "common/log.h"

void answer_trouble(struct actor *a, struct lease *l, enum action what, const char *why)
{
	snprintf(l->trouble, sizeof(l->trouble), "%s:%s", action_word(what), why);
	l->run.retry_ms = a->now_ms + RETRY_MS;
}

static const char *answer_word(enum asked_kind kind)
{
	switch (kind) {
	case ASKED_NODE:
		return "node registration";
	case ASKED_READY:
		return "READY";
	case ASKED_RECEIPT:
		return "a usage receipt";
	case ASKED_QUIT:
		return "quit";
	case ASKED_CHANGE:
		return "a change's end";
	}
	return "";
}

/* Of a refused set each waits: in a state that is not billed nothing else holds a receipt back. */
static void answer_receipts(struct actor *a, uint64_t req, bool refused)
{
	for (struct lease *l = a->books.first; l; l = l->next) {
		if (!l->run.receipt_sent || l->run.receipt_req != req)
			continue;
		l->run.receipt_sent = false;
		if (refused)
			l->run.receipt_retry_ms = a->now_ms + RETRY_MS;
	}
}

void answer_take(void *actor, const struct asked *asked, const struct wire_answer *answer)
{
	struct actor *a = actor;
	struct lease *l = asked->lease.s[0] ? leases_by_name(&a->books, asked->lease.s) : NULL;
	bool refused = answer->verdict != V_OK;
	if (refused && answer->verdict != V_USAGE_PENDING)
		log_warning("the ledger refused %s of %s: %s", answer_word(asked->kind), l ? l->name.s : "this node",
		    verdict_text(answer->verdict));
	if (asked->kind == ASKED_READY && l && !refused)
		l->trouble[0] = '\0';
	if (asked->kind == ASKED_READY && l && refused && plan_before_ready(&l->fact)) {
		l->run.ready_sent = false;
		answer_trouble(a, l, ACT_READY, verdict_name(answer->verdict));
	}
	if (asked->kind == ASKED_QUIT && l && refused) {
		l->run.quit_sent = false;
		answer_trouble(a, l, ACT_QUIT, verdict_name(answer->verdict));
	}
	if (asked->kind == ASKED_CHANGE && l && refused)
		resize_refused(a, l);
	if (asked->kind == ASKED_RECEIPT)
		answer_receipts(a, asked->req, refused);
}
