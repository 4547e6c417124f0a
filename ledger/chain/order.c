/* The correlation order: groups, their weights, and the walk over them.
 *
 * Knows what links two groups of a block and in which order they are visited. Does not know how stored weights came to be (ledger/state),
 * nor what the transactions do. Numbers of groups are in order of their ids, so comparing numbers compares ids. */
#include "ledger/chain/order.h"
#include "common/cleanup.h"
#include "ledger/chain/chain.h"
#include <stdlib.h>
#include <string.h>

struct half { uint32_t to; uint64_t weight; };
struct adjacency { struct half *half; uint32_t *first, *count; }; /* node i: half[first[i]] .. count[i] of them */

static int by_node(const void *a, const void *b)
{
	const struct half *x = a, *y = b;
	return (x->to > y->to) - (x->to < y->to);
}

static int by_weight(const void *a, const void *b)
{
	const struct half *x = a, *y = b;
	return x->weight != y->weight ? (x->weight < y->weight) - (x->weight > y->weight) : by_node(a, b);
}

static void adjacency_free(struct adjacency *g)
{
	free(g->half);
	free(g->first);
	free(g->count);
}

/* Repeated neighbours become one, heaviest first. */
static void node_settle(struct half *h, uint32_t *count)
{
	uint32_t kept = 0;
	if (*count < 2)
		return;
	qsort(h, *count, sizeof *h, by_node);
	for (uint32_t i = 0; i < *count; i++)
		if (kept && h[kept - 1].to == h[i].to)
			h[kept - 1].weight += h[i].weight;
		else
			h[kept++] = h[i];
	*count = kept;
	qsort(h, kept, sizeof *h, by_weight);
}

static struct adjacency adjacency_of(const struct edge *edge, size_t nedges, size_t n)
{
	struct adjacency g = {chain_must(calloc(2 * nedges + 1, sizeof *g.half)), chain_must(calloc(n + 1, sizeof *g.first)),
	    chain_must(calloc(n + 1, sizeof *g.count))};
	for (size_t i = 0; i < nedges; i++)
		if (edge[i].a != edge[i].b && edge[i].weight) {
			g.count[edge[i].a]++;
			g.count[edge[i].b]++;
		}
	for (size_t i = 0; i < n; i++) {
		g.first[i + 1] = g.first[i] + g.count[i];
		g.count[i] = 0;
	}
	for (size_t i = 0; i < nedges; i++) {
		uint32_t a = edge[i].a, b = edge[i].b;
		if (a == b || !edge[i].weight)
			continue;
		g.half[g.first[a] + g.count[a]++] = (struct half){b, edge[i].weight};
		g.half[g.first[b] + g.count[b]++] = (struct half){a, edge[i].weight};
	}
	for (size_t i = 0; i < n; i++)
		node_settle(g.half + g.first[i], &g.count[i]);
	return g;
}

struct walk { struct adjacency g; uint32_t *cursor, *stack, depth; bool *seen; uint32_t *out; size_t nout; };

static void visit(struct walk *w, uint32_t node)
{
	w->seen[node] = true;
	w->out[w->nout++] = node;
	w->stack[w->depth++] = node;
}

static void walk_tree(struct walk *w, uint32_t root)
{
	visit(w, root);
	while (w->depth) {
		uint32_t top = w->stack[w->depth - 1], *at = &w->cursor[top];
		const struct half *h = w->g.half + w->g.first[top];
		while (*at < w->g.count[top] && w->seen[h[*at].to])
			(*at)++;
		if (*at < w->g.count[top])
			visit(w, h[*at].to);
		else
			w->depth--;
	}
}

void order_walk(const struct edge *edge, size_t nedges, size_t n, uint32_t start, uint32_t *out)
{
	if (!n)
		return;
	autofree uint32_t *cursor = chain_must(calloc(n, sizeof *cursor)), *stack = chain_must(calloc(n, sizeof *stack));
	autofree bool *seen = chain_must(calloc(n, sizeof *seen));
	struct walk w = {.g = adjacency_of(edge, nedges, n), .cursor = cursor, .stack = stack, .seen = seen, .out = out};
	walk_tree(&w, start);
	for (uint32_t i = 0; i < n; i++)
		if (!seen[i])
			walk_tree(&w, i);
	adjacency_free(&w.g);
}

/* --- a lane --- */

struct groups {
	const struct state *s; uint8_t lane; uint64_t time_ms;
	struct pending_tx **txs; size_t ntxs;
	uint32_t *first, n;                      /* group i: txs[first[i]] .. txs[first[i + 1] - 1] */
	uint64_t *head;                          /* the first 8 bytes of its id: most of a search stays in this array */
	struct edge *edge; size_t nedges, cap;
	uint32_t at;                             /* the group whose links are being added */
};

static const struct id *group_id(const struct groups *g, uint32_t i)
{
	return tx_primary(&g->txs[g->first[i]]->tx);
}

static uint64_t id_head(const struct id *id)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | id->b[i];
	return v;
}

/* n: not in this block. */
static uint32_t group_find(const struct groups *g, const struct id *id)
{
	uint64_t head = id_head(id);
	uint32_t low = 0, high = g->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = g->head[mid] != head ? (g->head[mid] > head) - (g->head[mid] < head) : id_cmp(group_id(g, mid), id);
		if (c == 0)
			return mid;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return g->n;
}

static void link_add(struct groups *g, const struct id *to, uint64_t weight)
{
	uint32_t b = group_find(g, to);
	if (b == g->n || b == g->at)
		return;
	if (g->nedges == g->cap) {
		g->cap = 2 * g->cap + 256;
		g->edge = chain_must(reallocarray(g->edge, g->cap, sizeof *g->edge));
	}
	g->edge[g->nedges++] = (struct edge){g->at, b, weight};
}

static void named(void *arg, const struct id *to)
{
	link_add(arg, to, SKETCH_STEP);
}

static void groups_cut(struct groups *g)
{
	g->first = chain_must(calloc(g->ntxs + 1, sizeof *g->first));
	g->head = chain_must(calloc(g->ntxs, sizeof *g->head));
	for (size_t i = 0; i < g->ntxs; i++)
		if (i == 0 || id_cmp(tx_primary(&g->txs[i - 1]->tx), tx_primary(&g->txs[i]->tx)) != 0) {
			g->head[g->n] = id_head(tx_primary(&g->txs[i]->tx));
			g->first[g->n++] = (uint32_t)i;
		}
	g->first[g->n] = (uint32_t)g->ntxs;
}

/* All links of all groups; to_tail: what each weighs to the tail. */
static void groups_link(struct groups *g, const struct id *tail, uint64_t *to_tail)
{
	struct neighbour n[SKETCH_NEIGHBOURS];
	for (g->at = 0; g->at < g->n; g->at++) {
		size_t k = state_links(g->s, g->lane, group_id(g, g->at), g->time_ms, n);
		for (size_t i = 0; i < k; i++) {
			link_add(g, &n[i].to, n[i].weight);
			if (id_cmp(&n[i].to, tail) == 0)
				to_tail[g->at] += n[i].weight;
		}
		for (uint32_t i = g->first[g->at]; i < g->first[g->at + 1]; i++)
			tx_counterparties(&g->txs[i]->tx, named, g);
	}
}

static uint32_t groups_start(const struct groups *g, const struct id *tail, uint64_t *to_tail)
{
	struct neighbour n[SKETCH_NEIGHBOURS];
	uint32_t own = group_find(g, tail), best = 0;
	if (own < g->n)
		return own;
	size_t k = state_links(g->s, g->lane, tail, g->time_ms, n);
	for (size_t i = 0; i < k; i++) {
		uint32_t at = group_find(g, &n[i].to);
		if (at < g->n)
			to_tail[at] += n[i].weight;
	}
	for (uint32_t i = 1; i < g->n; i++)
		if (to_tail[i] > to_tail[best])
			best = i;
	return best;
}

void order_lane(const struct state *s, uint8_t lane, uint64_t time_ms, const struct id *tail, struct pending_tx **txs, size_t n)
{
	struct groups g = {.s = s, .lane = lane, .time_ms = time_ms, .txs = txs, .ntxs = n};
	if (n < 2)
		return;
	groups_cut(&g);
	autofree uint64_t *to_tail = chain_must(calloc(g.n, sizeof *to_tail));
	autofree uint32_t *visited = chain_must(calloc(g.n, sizeof *visited));
	autofree struct pending_tx **ordered = chain_must(calloc(n, sizeof *ordered));
	groups_link(&g, tail, to_tail);
	order_walk(g.edge, g.nedges, g.n, groups_start(&g, tail, to_tail), visited);
	size_t k = 0;
	for (uint32_t i = 0; i < g.n; i++)
		for (uint32_t j = g.first[visited[i]]; j < g.first[visited[i] + 1]; j++)
			ordered[k++] = txs[j];
	memcpy(txs, ordered, n * sizeof *txs);
	free(g.first);
	free(g.head);
	free(g.edge);
}
