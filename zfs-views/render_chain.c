/* The ten chains as the model has them: heads, rates, the log of the last blocks.
 *
 * Knows lanes' headers by the facts about them; the blocks themselves are render_block.c's. */
#include <errno.h>
#include <string.h>
#include "zfs-views/render.h"

static const struct fact_lane *head_of(const struct view *v, const struct node *n) { return model_lane(v->model, n->chain, UINT64_MAX); }

int render_height(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lane *l = head_of(v, n);
	(void)uid;
	page_add(out, "%" PRIu64 "\n", l ? l->height : 0);
	return 0;
}

int render_head(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lane *l = head_of(v, n);
	(void)uid;
	if (l)
		page_hex(out, l->hash.b, sizeof l->hash.b);
	page_add(out, "%s\n", l ? "" : "-");
	return 0;
}

int render_chain_time(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lane *l = head_of(v, n);
	(void)uid;
	page_time(out, "", l ? l->time_ms : 0);
	page_add(out, "\n");
	return 0;
}

int render_chain_kind(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)v, (void)uid;
	page_add(out, "%s\n", n->chain == 0 ? "main" : "work");
	return 0;
}

/* Of the receipts that transactions of the blocks kept here sent to lanes, how many thousandths left theirs. */
static uint64_t milli_crossed(const struct view *v, const struct fact_lane *head)
{
	const struct fact_lane *first = head, *l;
	for (uint64_t h = head->height; h-- > 0 && (l = model_lane(v->model, head->lane, h));)
		first = l;
	uint64_t sent = head->sent - first->sent, crossed = head->crossed - first->crossed;
	return sent ? crossed * 1000 / sent : 0;
}

int render_chain_status(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lane *l = head_of(v, n);
	(void)uid;
	page_add(out, "syncing %d\nlag 0\npeers 0\nheight %" PRIu64 "\n", !model_up(v->model), l ? l->height : 0);
	page_add(out, "txs %u\nreceipts_in %u\n", l ? l->txs : 0, l ? l->receipts_in : 0);
	page_add(out, "receipts_out %u\nbytes %u\n", l ? l->receipts_out : 0, l ? l->bytes : 0);
	page_add(out, "load %" PRIu64 "\ncross_ratio ", l ? l->load : 0);
	page_milli(out, l ? milli_crossed(v, l) : 0);
	page_add(out, "\nmigrations %" PRIu64 "\n", l ? l->moved : 0);
	page_add(out, "finality immediate\nengine %s\n", v->engine[0] ? v->engine : "-");
	return 0;
}

int render_consensus(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	static const char *const engines[] = {"solo", "raft", "raft+dpos"};
	(void)uid, (void)n;
	for (size_t i = 0; i < 3; i++) {
		bool current = strcmp(v->engine, engines[i]) == 0;
		page_add(out, "%s%s%s%s", i ? " " : "", current ? "[" : "", engines[i], current ? "]" : "");
	}
	page_add(out, "\n");
	return 0;
}

int render_chain_log(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lane *head = head_of(v, n);
	(void)uid;
	page_add(out, "#height\ttime\thash\ttxs\tbytes\tproducer\n");
	uint64_t from = head && head->height >= MODEL_BLOCKS ? head->height - MODEL_BLOCKS + 1 : 0;
	for (uint64_t h = from; head && h <= head->height; h++) {
		const struct fact_lane *l = model_lane(v->model, n->chain, h);
		if (!l)
			continue;
		page_add(out, "%" PRIu64 "\t", h);
		page_time(out, "", l->time_ms);
		page_add(out, "\t");
		page_hex(out, l->hash.b, sizeof l->hash.b);
		page_add(out, "\t%u\t%u\t%s\n", l->txs, l->bytes, v->node_name[0] ? v->node_name : "-");
	}
	return 0;
}

/* Thousandths of a transaction per second over the last minute before the head. */
static uint64_t milli_tps(const struct view *v, const struct fact_lane *head)
{
	uint64_t txs = 0;
	for (uint64_t h = head->height + 1; h-- > 0;) {
		const struct fact_lane *l = model_lane(v->model, head->lane, h);
		if (!l || l->time_ms + 60000 <= head->time_ms)
			break;
		txs += l->txs;
	}
	return txs * 1000 / 60;
}

int render_chains_tsv(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid, (void)n;
	page_add(out, "#chain\tkind\theight\thead\ttime\tlag\ttps\tpeers\tproducer\n");
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		const struct fact_lane *l = model_lane(v->model, lane, UINT64_MAX);
		page_add(out, "%u\t%s\t%" PRIu64 "\t", lane, lane == 0 ? "main" : "work", l ? l->height : 0);
		if (l)
			page_hex(out, l->hash.b, sizeof l->hash.b);
		page_time(out, l ? "\t" : "-\t", l ? l->time_ms : 0);
		page_add(out, "\t0\t");
		page_milli(out, l ? milli_tps(v, l) : 0);
		page_add(out, "\t0\t%s\n", v->node_name[0] ? v->node_name : "-");
	}
	return 0;
}
