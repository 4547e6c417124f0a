/* The sketches themselves, and their bytes.
 *
 * Knows decay, space-saving, and which entities a transaction connects. Does not know where an entity keeps its sketch, nor when a
 * transaction or a receipt counts (correlate.c). */
#include "ledger/state/sketch.h"
#include <string.h>
#include "common/cleanup.h"

const struct id *tx_primary(const struct tx *tx)
{
	_Static_assert(sizeof(struct id) == sizeof(struct address), "both are 32 bytes");
	return id_is_zero(&tx->scope) ? (const struct id *)(const void *)&tx->sender : &tx->scope;
}

/* Neither an address, which is a hash, nor an instance, which starts with its lane. */
struct id symbol_entity(uint32_t symbol)
{
	struct id e = {{0}};
	for (int i = 0; i < 4; i++)
		e.b[31 - i] = (uint8_t)(symbol >> (8 * i));
	return e;
}

static struct id account_entity(const struct address *a)
{
	struct id e;
	memcpy(e.b, a->b, sizeof e.b);
	return e;
}

bool tx_counterparty(const struct tx *tx, struct id *out)
{
	struct id e = {{0}};
	switch ((enum tx_type)tx->type) {
	case TX_TRANSFER: e = account_entity(&tx->u.transfer.to); break;
	case TX_PROXY: e = account_entity(&tx->u.proxy.proxy); break;
	case TX_ASK: e = symbol_entity(tx->u.ask.symbol); break;
	case TX_BID: e = symbol_entity(tx->u.bid.symbol); break;
	case TX_CANCEL: e = symbol_entity(tx->u.cancel.symbol); break;
	case TX_AMEND: e = symbol_entity(tx->u.amend.symbol); break;
	case TX_FUND: e = tx->u.fund.instance; break;
	case TX_EVENT:
	case TX_READY:
	case TX_USAGE: e = account_entity(&tx->sender); break;
	case TX_OPEN:
	case TX_SET_AUTH:
	case TX_SET_KEY:
	case TX_STAKE:
	case TX_UNSTAKE:
	case TX_VOTE:
	case TX_TOKEN_NEW:
	case TX_TOKEN_IN:
	case TX_TOKEN_OUT:
	case TX_NODE_REG:
	case TX_APP_PUB:
	case TX_BATCH: break;
	}
	bool named = !id_is_zero(&e) && id_cmp(&e, tx_primary(tx)) != 0;
	if (named)
		*out = e;
	return named;
}

void tx_counterparties(const struct tx *tx, void (*cb)(void *arg, const struct id *to), void *arg)
{
	struct id to;
	if (tx->type != TX_BATCH) {
		if (tx_counterparty(tx, &to))
			cb(arg, &to);
		return;
	}
	struct tx part;
	struct rbuf r = rbuf_on(tx->u.batch.ops.p, tx->u.batch.ops.len);
	memset(&part, 0, sizeof part);
	part.sender = tx->sender;
	for (uint32_t i = 0; i < tx->u.batch.n && i < TX_BATCH_OPS_MAX && tx_batch_next(&r, &part) == V_OK; i++)
		if (tx_counterparty(&part, &to))
			cb(arg, &to);
}

static uint32_t decayed(uint32_t weight, uint64_t periods)
{
	return periods < 32 ? weight >> periods : 0;
}

void sketch_decay(struct sketch *k, uint64_t period)
{
	uint64_t periods = period > k->period ? period - k->period : 0;
	size_t kept = 0;
	if (!periods)
		return;
	k->period = period;
	for (size_t i = 0; i < LANES; i++)
		k->aff[i] = decayed(k->aff[i], periods);
	for (size_t i = 0; i < SKETCH_NEIGHBOURS; i++) {
		struct neighbour l = {k->nbr[i].to, decayed(k->nbr[i].weight, periods), k->nbr[i].lane};
		if (l.weight)
			k->nbr[kept++] = l;
	}
	memset(k->nbr + kept, 0, (SKETCH_NEIGHBOURS - kept) * sizeof *k->nbr);
}

static void gain(uint32_t *weight)
{
	*weight = *weight > UINT32_MAX - SKETCH_STEP ? UINT32_MAX : *weight + SKETCH_STEP;
}

void sketch_follow(struct sketch *k, size_t i, uint8_t lane)
{
	struct neighbour *l = &k->nbr[i];
	if (lane < 1 || lane > LANES || l->lane == lane)
		return;
	uint32_t weight = l->lane && l->weight < k->aff[l->lane - 1] ? l->weight : l->lane ? k->aff[l->lane - 1] : 0;
	if (l->lane)
		k->aff[l->lane - 1] -= weight;
	k->aff[lane - 1] = k->aff[lane - 1] > UINT32_MAX - weight ? UINT32_MAX : k->aff[lane - 1] + weight;
	l->lane = lane;
}

void sketch_add(struct sketch *k, uint64_t period, const struct id *to, uint8_t lane)
{
	sketch_decay(k, period);
	size_t at = 0, least = 0;
	while (at < SKETCH_NEIGHBOURS && k->nbr[at].weight && id_cmp(&k->nbr[at].to, to) != 0) {
		if (k->nbr[at].weight < k->nbr[least].weight)
			least = at;
		at++;
	}
	if (at == SKETCH_NEIGHBOURS || !k->nbr[at].weight) {
		at = at == SKETCH_NEIGHBOURS ? least : at; /* the newcomer inherits the weight of whom it replaces */
		k->nbr[at].to = *to;
		k->nbr[at].lane = lane <= LANES ? lane : 0;
	}
	sketch_follow(k, at, lane);
	if (lane >= 1 && lane <= LANES)
		gain(&k->aff[lane - 1]);
	gain(&k->nbr[at].weight);
}

size_t sketch_links(const struct sketch *k, uint64_t period, struct neighbour *out)
{
	struct sketch now = *k;
	size_t n = 0;
	sketch_decay(&now, period);
	while (n < SKETCH_NEIGHBOURS && now.nbr[n].weight) {
		out[n] = now.nbr[n];
		n++;
	}
	return n;
}

/* mask u16 of lanes | their aff u32 | n u8, n x (id, weight u32, lane u8) | period u64 | last lane u8; if not 0: height u64, leaf u32 */
void sketch_put(struct wbuf *w, const struct sketch *k)
{
	uint16_t mask = 0;
	uint8_t n = 0;
	for (unsigned i = 0; i < LANES; i++)
		mask |= (uint16_t)((k->aff[i] != 0) << i);
	while (n < SKETCH_NEIGHBOURS && k->nbr[n].weight)
		n++;
	put_u16(w, mask);
	for (unsigned i = 0; i < LANES; i++)
		if (k->aff[i])
			put_u32(w, k->aff[i]);
	put_u8(w, n);
	for (unsigned i = 0; i < n; i++) {
		put_id(w, &k->nbr[i].to);
		put_u32(w, k->nbr[i].weight);
		put_u8(w, k->nbr[i].lane);
	}
	put_u64(w, k->period);
	put_u8(w, k->last.lane);
	if (k->last.lane) {
		put_u64(w, k->last.height);
		put_u32(w, k->last.leaf);
	}
}

static bool links_get(struct rbuf *r, struct neighbour *nbr)
{
	uint8_t n = get_u8(r);
	if (n > SKETCH_NEIGHBOURS)
		return false;
	for (unsigned i = 0; i < n; i++) {
		nbr[i].to = get_id(r);
		nbr[i].weight = get_u32(r);
		nbr[i].lane = get_u8(r);
		if (!nbr[i].weight || nbr[i].lane > LANES || id_is_zero(&nbr[i].to))
			return false;
		for (unsigned j = 0; j < i; j++)
			if (id_cmp(&nbr[j].to, &nbr[i].to) == 0)
				return false;
	}
	return true;
}

bool sketch_get(struct rbuf *r, struct sketch *out)
{
	struct sketch k;
	memset(&k, 0, sizeof k);
	uint16_t mask = get_u16(r);
	if (mask >> LANES)
		return false;
	for (unsigned i = 0; i < LANES; i++)
		if (mask >> i & 1 && !(k.aff[i] = get_u32(r)))
			return false;
	if (!links_get(r, k.nbr))
		return false;
	k.period = get_u64(r);
	k.last.lane = get_u8(r);
	if (k.last.lane > LANES)
		return false;
	if (k.last.lane) {
		k.last.height = get_u64(r);
		k.last.leaf = get_u32(r);
	}
	if (r->bad)
		return false;
	*out = k;
	return true;
}
