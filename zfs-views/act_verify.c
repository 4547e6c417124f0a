/* Is that in a block? The answer to what is written into chains/N/verify.
 *
 * A proof is hashed up to the block that it names, and that block is compared with the one that this node has at that height: nobody's word
 * is taken, not even the ledger's for its own proof of a transaction that is asked for by its id. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/act.h"
#include "zfs-views/render.h"

struct judging { const struct view *v; uint8_t chain; bool reads; struct page *reply; struct refusal *why; };

static bool bad(const struct judging *j, const char *reason)
{
	if (!j->reads)
		return refuse(j->why, EBADMSG, -1, "%s", reason);
	page_add(j->reply, "bad %s\n", reason);
	return true;
}

static bool down(const struct judging *j, int rc)
{
	return refuse_verdict(j->why, rc == -ETIMEDOUT ? V_TIMED_OUT : V_LEDGER_DOWN, -1);
}

static bool good(const struct judging *j, const struct proof_claim *c)
{
	page_add(j->reply, "ok height=%" PRIu64 " chain=%u leaf=%u status=%s block=", c->place.height, c->place.lane, c->place.leaf,
		verdict_name((enum verdict)c->status));
	page_hex(j->reply, c->block.b, sizeof c->block.b);
	page_add(j->reply, "\n");
	return true;
}

static bool judge(const struct judging *j, struct slice text)
{
	struct proof_claim c;
	autofree uint8_t *raw = NULL;
	size_t len = 0;
	const char *wrong = proof_check(text, &c);
	if (wrong)
		return bad(j, wrong);
	if (j->chain && j->chain != c.place.lane)
		return bad(j, "it is of another chain");
	int rc = block_header(j->v, WIRE_LANE_MAIN, c.place.height, &raw, &len);
	if (rc == -ENOENT)
		return bad(j, "this node has no block of that height");
	if (rc < 0)
		return down(j, rc);
	if (memcmp(raw + len - sizeof c.main_header, c.main_header, sizeof c.main_header) != 0)
		return bad(j, "this node has another block at that height");
	return good(j, &c);
}

static bool judge_id(const struct judging *j, const struct id *txid)
{
	struct wire_found f;
	autofree uint8_t *text = NULL;
	size_t len = 0;
	int rc = j->v->find ? j->v->find(j->v->fetch_arg, txid, &f) : -EHOSTDOWN;
	if (rc == -ENOENT)
		return bad(j, "no block that is kept here holds such a transaction");
	if (rc == 0 && j->chain && j->chain != f.place.lane)
		return bad(j, "it is of another chain");
	if (rc == 0)
		rc = j->v->proof ? j->v->proof(j->v->fetch_arg, &f.place, &text, &len) : -EHOSTDOWN;
	if (rc == -ENOENT)
		return bad(j, "the transactions of its block are not kept here any more");
	return rc < 0 ? down(j, rc) : judge(j, (struct slice){text, len});
}

bool act_verify(const struct act *a, uint8_t chain, bool reads, struct slice question, struct page *reply, struct refusal *why)
{
	struct view v = fs_view(a->fs);
	struct judging j = {&v, chain, reads, reply, why};
	struct id txid;
	char hex[2 * sizeof txid.b + 1];
	if (question.len > sizeof hex && memchr(question.p, '\n', question.len))
		return judge(&j, question);
	snprintf(hex, sizeof hex, "%.*s", question.len < sizeof hex ? (int)question.len : 0, (const char *)question.p);
	if (!hex_decode(hex, txid.b, sizeof txid.b))
		return refuse(why, EINVAL, 0, "this is neither a transaction's id (64 hex digits) nor a proof");
	return judge_id(&j, &txid);
}
