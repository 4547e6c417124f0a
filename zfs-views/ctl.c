/* Commands that end, pay or judge a lease or a task.
 *
 * Knows which event of the standard lease a verb stands for; whether the lease's state allows it is for the contract to say. A task's verbs
 * besides start are verbs on the lease that it runs in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common/text.h"
#include "zfs-views/ctl.h"
#include "zfs-views/order_line.h"

enum argument { ARG_NONE, ARG_MONEY, ARG_WORD, ARG_IGNORED, ARG_TERMS, ARG_NUMBER };
struct verb_row { const char *word; enum ctl_verb verb; enum argument arg; };

static const struct verb_row lease_verbs[] = {{"topup", CTL_TOPUP, ARG_MONEY}, {"release", CTL_RELEASE, ARG_NONE},
    {"stop", CTL_RELEASE, ARG_NONE}, {"accept", CTL_ACCEPT, ARG_NONE}, {"reject", CTL_REJECT, ARG_WORD}, {"confirm", CTL_CONFIRM, ARG_NONE},
    {"dispute", CTL_DISPUTE, ARG_WORD}, {"change", CTL_CHANGE, ARG_TERMS}, {"agree", CTL_AGREE, ARG_NUMBER},
    {"withdraw", CTL_WITHDRAW, ARG_NUMBER}, {"refuse", CTL_REFUSE, ARG_NUMBER}, {NULL, 0, 0}};
static const struct verb_row task_verbs[] = {{"start", CTL_START, ARG_NONE}, {"stop", CTL_STOP, ARG_IGNORED},
    {"kill", CTL_KILL, ARG_IGNORED}, {"confirm", CTL_CONFIRM, ARG_NONE}, {"reject", CTL_REJECT, ARG_WORD}, {NULL, 0, 0}};

/* The words that are known, for the sentence. */
static bool unknown_verb(const struct verb_row *rows, int column, struct refusal *why)
{
	char list[160] = "";
	for (size_t n = 0; rows->word && n < sizeof list; rows++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", rows->word);
	return refuse(why, EINVAL, column, "no such command here; known are: %s", list);
}

static bool take_terms(const char *line, int column, struct ctl *c, struct refusal *why)
{
	struct order_line o;
	if (!order_line_terms(line, (size_t)column, &o, why))
		return false;
	c->res = o.res;
	c->given = o.given;
	c->priced = order_line_says(&o, WORD_PRICE);
	c->price = o.price;
	c->column = o.column[WORD_RESOURCE];
	return true;
}

static bool take_argument(const struct verb_row *row, const char *line, const char *arg, int column, struct ctl *c, struct refusal *why)
{
	uint64_t n = 0;
	switch (row->arg) {
	case ARG_NONE:
		return !*arg || refuse(why, EINVAL, column, "%s takes nothing after it", row->word);
	case ARG_MONEY:
		if (!text_money(arg, &c->amount) || money_is_zero(c->amount))
			return refuse(why, EINVAL, column, "%s wants an amount in ZNC such as 1.5", row->word);
		return true;
	case ARG_WORD:
		if (*arg && !text_name_ok(arg))
			return refuse(why, EINVAL, column, "%s takes one word: letters, digits, dot, dash, underscore", row->word);
		strcpy(c->word, arg);
		return true;
	case ARG_TERMS:
		return take_terms(line, column, c, why);
	case ARG_NUMBER:
		if (*arg && (!text_u64(arg, UINT32_MAX, &n) || n == 0))
			return refuse(why, EINVAL, column, "%s takes nothing after it, or the number that proposal shows", row->word);
		c->rev = (uint32_t)n;
		return true;
	case ARG_IGNORED: /* a signal or a grace: the runtime has one way to end a task */
		return true;
	}
	return false;
}

static bool verb_parse(const struct verb_row *rows, const char *line, struct ctl *out, struct refusal *why)
{
	char text[LINE_MAX_LEN + 1];
	size_t start = strspn(line, " \t\r"), len = strcspn(line + start, " \t\r");
	const char *arg = line + start + len + strspn(line + start + len, " \t\r");
	snprintf(text, sizeof text, "%s", arg);
	for (size_t n = strlen(text); n && strchr(" \t\r", text[n - 1]); n--)
		text[n - 1] = 0;
	*why = (struct refusal){.column = -1};
	for (const struct verb_row *row = rows; row->word; row++) {
		if (strlen(row->word) != len || strncmp(row->word, line + start, len) != 0)
			continue;
		struct ctl c = {.verb = row->verb};
		if (!take_argument(row, line, text, (int)(arg - line), &c, why))
			return false;
		*out = c;
		return true;
	}
	return unknown_verb(rows, (int)start, why);
}

bool ctl_lease_parse(const char *line, struct ctl *out, struct refusal *why) { return verb_parse(lease_verbs, line, out, why); }
bool ctl_task_parse(const char *line, struct ctl *out, struct refusal *why) { return verb_parse(task_verbs, line, out, why); }

static const char *event_of(enum ctl_verb verb, bool buyer)
{
	switch (verb) {
	case CTL_RELEASE:
	case CTL_STOP:
	case CTL_KILL:
		return buyer ? "stop" : "quit";
	case CTL_ACCEPT:
		return "accept";
	case CTL_REJECT:
		return "reject";
	case CTL_CONFIRM:
		return "confirm";
	case CTL_DISPUTE:
		return "dispute";
	case CTL_TOPUP:
		return "topup";
	case CTL_CHANGE:
		return "change";
	case CTL_AGREE:
		return "agree";
	case CTL_WITHDRAW:
		return "withdraw";
	case CTL_REFUSE:
		return "refuse";
	case CTL_START:
		return NULL; /* is a deploy, with more to say */
	}
	return NULL;
}

/* What is not said stays. */
static bool change_args(const struct ctl *c, const struct fact_lease *lease, uint8_t room[CTL_ROOM], struct tx_event *x,
    struct refusal *why)
{
	static const enum resource_kind fixed[] = {RES_DISK_MIB, RES_GPU, RES_GPU_MEM_MIB};
	struct resources r = lease->res;
	struct wbuf w = wbuf_on(room, CTL_ROOM);
	for (int k = 0; k < RESOURCES; k++)
		if (c->given >> k & 1)
			r.v[k] = c->res.v[k];
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (r.v[fixed[i]] != lease->res.v[fixed[i]])
			return refuse_verdict(why, V_FIXED_KIND, c->column);
	put_resources(&w, &r);
	x->blob = (struct slice){room, w.len};
	x->arg[0] = price_base(c->priced ? c->price : lease->price);
	return true;
}

bool ctl_lease_tx(const struct ctl *c, const struct fact_lease *lease, const struct address *me, const struct cid *cid,
    uint8_t room[CTL_ROOM], struct tx *out, struct refusal *why)
{
	bool buyer = address_eq(me, &lease->buyer);
	const char *event = event_of(c->verb, buyer);
	if (!buyer && !address_eq(me, &lease->seller))
		return refuse_verdict(why, V_NOT_PARTY, -1);
	if (!event)
		return refuse(why, EINVAL, 0, "a lease is not started; see tasks/");
	memset(out, 0, sizeof *out);
	if (c->verb == CTL_TOPUP) {
		out->type = TX_FUND;
		out->u.fund = (struct tx_fund){.cid = *cid, .instance = lease->lease, .amount = c->amount};
		strcpy(out->u.fund.event, event);
	} else {
		out->type = TX_EVENT;
		out->scope = lease->lease;
		strcpy(out->u.event.event, event);
	}
	if (c->verb == CTL_AGREE || c->verb == CTL_WITHDRAW || c->verb == CTL_REFUSE)
		out->u.event.arg[0] = c->rev ? c->rev : lease->change_rev;
	return c->verb != CTL_CHANGE || change_args(c, lease, room, &out->u.event, why);
}
