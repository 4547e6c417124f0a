/* What was reached, over all seeds and processes: the table at the end.
 *
 * Knows which answers every type of transaction can get; those that never came are named, so that the load can be mended. */
#include "tests/sim/sim.h"
#include <string.h>

void coverage_add(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

struct answers { uint8_t type, v[24]; }; /* V_OK first; ends with V_OK again */
static const struct answers possible[] = {
    {TX_TRANSFER, {V_OK, V_MALFORMED, V_BAD_SIGNATURE, V_BAD_NONCE, V_EXPIRED, V_WRONG_CHAIN, V_NO_ACCOUNT, V_NO_FUNDS, V_OVERFLOW,
		      V_DUPLICATE, V_NO_TOKEN, V_UNVESTED, V_DEPOSIT_SHORT, V_NO_WORK, V_BUSY, V_MOVING}},
    {TX_OPEN, {V_OK, V_NO_FUNDS, V_DUPLICATE, V_NAME_TAKEN, V_BAD_NONCE, V_MALFORMED}},
    {TX_SET_KEY, {V_OK, V_BAD_KEY, V_BAD_NONCE}},
    {TX_SET_AUTH, {V_OK, V_BAD_KEY}},
    {TX_STAKE, {V_OK, V_DUPLICATE, V_OVERFLOW, V_NO_FUNDS, V_UNVESTED}},
    {TX_UNSTAKE, {V_OK, V_DUPLICATE, V_OVERFLOW, V_STAKE_SHORT, V_BAD_STATE}},
    {TX_VOTE, {V_OK, V_STAKE_SHORT}},
    {TX_PROXY, {V_OK, V_NO_ACCOUNT, V_STAKE_SHORT, V_BAD_PROXY}},
    {TX_TOKEN_NEW, {V_OK, V_DUPLICATE, V_NAME_TAKEN, V_DEPOSIT_SHORT}},
    {TX_TOKEN_IN, {V_OK, V_DUPLICATE, V_NO_TOKEN, V_OVERFLOW, V_TOKEN_MODE, V_NO_FUNDS, V_UNVESTED, V_DEPOSIT_SHORT}},
    {TX_TOKEN_OUT, {V_OK, V_DUPLICATE, V_NO_TOKEN, V_OVERFLOW, V_TOKEN_MODE, V_NO_FUNDS, V_DEPOSIT_SHORT}},
    {TX_NODE_REG, {V_OK, V_NO_CAPACITY, V_BAD_KEY, V_DEPOSIT_SHORT, V_BAD_NONCE}},
    {TX_ASK, {V_OK, V_DUPLICATE, V_NO_SYMBOL, V_BAD_DURATION, V_NO_NODE, V_NOT_OWNER, V_BAD_VECTOR, V_BAD_PRICE, V_WOULD_NOT_FILL,
		 V_OVERFLOW, V_BOND_SHORT, V_NO_CAPACITY, V_NO_FUNDS, V_BAD_NONCE}},
    {TX_BID, {V_OK, V_DUPLICATE, V_NO_SYMBOL, V_BAD_DURATION, V_NO_NODE, V_NO_APP, V_BAD_VECTOR, V_BAD_PRICE, V_OVERFLOW, V_ESCROW_SHORT,
		 V_NO_FUNDS, V_BAD_NONCE}},
    {TX_CANCEL, {V_OK, V_DUPLICATE, V_NO_SYMBOL, V_NO_ORDER, V_NOT_OWNER, V_BAD_NONCE}},
    {TX_AMEND, {V_OK, V_DUPLICATE, V_NO_SYMBOL, V_BAD_PRICE, V_BAD_DURATION, V_OVERFLOW, V_NO_FUNDS, V_NO_ORDER, V_NOT_OWNER, V_STALE,
		   V_BOND_SHORT, V_ESCROW_SHORT, V_EXPIRED}},
    {TX_APP_PUB, {V_OK, V_DUPLICATE, V_BAD_CONTRACT, V_NAME_TAKEN, V_BAD_NONCE}},
    {TX_FUND, {V_OK, V_DUPLICATE, V_NO_LEASE, V_OVERFLOW, V_MALFORMED, V_NO_FUNDS, V_BAD_STATE, V_NOT_PARTY, V_CONDITION}},
    {TX_EVENT,
	{V_OK, V_MALFORMED, V_NO_LEASE, V_NOT_PARTY, V_BAD_NONCE, V_BAD_SIGNATURE, V_BAD_STATE, V_CONDITION, V_OVERFLOW, V_NO_PENDING,
	    V_STALE, V_NO_CHANGE, V_NO_PROPOSAL, V_CHANGE_AGREED, V_FIXED_KIND, V_NOT_OFFERED, V_OTHERS_WORD, V_BAD_VECTOR, V_BAD_PRICE}},
    {TX_READY, {V_OK, V_NO_LEASE, V_NOT_PARTY, V_BAD_NONCE, V_BAD_STATE}},
    {TX_USAGE, {V_OK, V_NO_LEASE, V_NOT_PARTY, V_BAD_NONCE, V_BAD_STATE, V_USAGE_PENDING, V_BAD_USAGE}},
    {TX_BATCH, {V_OK, V_MALFORMED, V_BATCH_ABORTED, V_BAD_NONCE}},
};

static void print_type(const struct coverage *c, const struct answers *a)
{
	printf("%-10s", tx_type_word(a->type));
	for (unsigned v = 0; v < V_COUNT; v++)
		if (c->verdict[a->type][v])
			printf(" %s %llu", verdict_name((enum verdict)v), (unsigned long long)c->verdict[a->type][v]);
	printf("\n");
	for (size_t i = 0; i < sizeof a->v && (i == 0 || a->v[i]); i++)
		if (!c->verdict[a->type][a->v[i]])
			printf("%-10s never: %s\n", tx_type_word(a->type), verdict_name((enum verdict)a->v[i]));
}

static void print_row(const char *what, const uint64_t *n)
{
	printf("%s", what);
	for (size_t i = 0; i < HOSTILE_MAX; i++)
		if (n[i])
			printf(" %zu:%llu", i, (unsigned long long)n[i]);
	printf("\n");
}

void coverage_print(const struct coverage *c)
{
	struct { const char *what; uint64_t n; } rows[] = {{"seeds", c->seeds}, {"blocks", c->blocks}, {"transactions offered", c->txs},
	    {"transactions in blocks", c->in_blocks}, {"receipts", c->receipts}, {"trades", c->trades},
	    {"leases that went on under other terms", c->changes}, {"payments", c->pays},
	    {"restarts from records", c->restarts}, {"blocks carried out again after a crash before commit", c->replays},
	    {"accounts that moved", c->moves}, {"receipts sent after them", c->forwards},
	    {"jumps in time", c->jumps}, {"wide rounds with lanes shuffled", c->wide}, {"hostile blocks refused", c->hostile_blocks},
	    {"signatures verified", c->signatures}, {"invariants checked", c->checks}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		printf("%12llu %s\n", (unsigned long long)rows[i].n, rows[i].what);
	printf("%016llx heads of all seeds, summed up: the same however the ledger was built\n", (unsigned long long)c->heads);
	for (size_t i = 0; i < sizeof possible / sizeof *possible; i++)
		print_type(c, &possible[i]);
	print_row("hostile blocks by kind", c->hostile);
	print_row("hostile transactions by way", c->hostile_txs);
}
