/* Storage deposits: coins that an account cannot spend while the books keep something for it (PROTOCOL 1.5).
 *
 * Knows what a byte costs and how a deposit is told to come back. A deposit lies in its holder's account record and never travels:
 * the object remembers how much it is, and its end sends that number home. Does not know when objects begin and end. */
#include <string.h>
#include "ledger/state/books.h"

struct money deposit_for(const struct state *s, uint64_t bytes)
{
	return money_of(s->genesis.deposit_per_byte * bytes);
}

struct money deposit_lease(const struct state *s, size_t deploy)
{
	return deposit_for(s, LEASE_BYTES + (deploy > LEASE_ROOM ? deploy : LEASE_ROOM));
}

bool deposit_covers(const struct state *s, const struct lease *l, size_t deploy)
{
	return !s->genesis.deposit_per_byte || money_cmp(deposit_lease(s, deploy), l->deposit) <= 0;
}

void deposit_hold(struct state *s, struct part *p, struct account *a, struct money amount, const struct id *object)
{
	if (!money_take(&a->balance, amount))
		books_fatal("a checked deposit does not hold");
	money_give(&a->deposit, amount);
	struct pay_line line = {.kind = PAY_DEPOSIT, .account = a->address, .amount = amount, .object = *object};
	fact_pay_emit(s, p, &line);
}

void deposit_release(struct state *s, struct part *p, const struct address *holder, struct money amount, const struct id *object)
{
	if (money_is_zero(amount))
		return;
	struct receipt r = {.kind = RCPT_RELEASE, .dst = home_of(s, holder), .origin = *object, .aux = money_base(amount)};
	memcpy(r.to.b, holder->b, 32);
	part_emit(s, p, &r);
}

void deposit_receive(struct state *s, struct part *p, const struct receipt *in)
{
	struct account *a = account_find(p, (const struct address *)&in->to);
	struct money amount = money_of(in->aux);
	if (!a || !money_take(&a->deposit, amount))
		books_fatal("a deposit comes back that was not held");
	money_give(&a->balance, amount);
	part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
	struct pay_line line = {.kind = PAY_DEPOSIT, .in = true, .account = a->address, .amount = amount, .object = in->origin};
	fact_pay_emit(s, p, &line);
}
