/* Why the ledger or a parser refuses: one list of codes, with the errno and the sentence a user gets.
 *
 * A refusal is a value, not an error: nothing was done, and the sentence says what to do. Codes are
 * consensus-visible (status of a transaction in a block): never renumber, only append. */
#ifndef ZEUS_VERDICT_H
#define ZEUS_VERDICT_H
#include <stdint.h>

/* X(code, NAME, errno, sentence) */
#define VERDICTS(X) \
	X(0, OK, 0, "done") \
	X(1, MALFORMED, EINVAL, "the bytes are not a transaction in canonical form") \
	X(2, BAD_SIGNATURE, EKEYREJECTED, "the signature does not verify for this account") \
	X(3, BAD_NONCE, EALREADY, "this nonce was used already or is ahead of the account's") \
	X(4, EXPIRED, EKEYEXPIRED, "the transaction's valid_until height has passed") \
	X(5, WRONG_CHAIN, EKEYREJECTED, "the transaction was signed for another network") \
	X(6, NO_ACCOUNT, ENOKEY, "there is no such account; an operator makes one with: mkdir /zeus/accounts/NAME") \
	X(7, NO_FUNDS, EDQUOT, "not enough spendable balance; see me/balance") \
	X(8, OVERFLOW, ERANGE, "an amount is out of range") \
	X(9, DUPLICATE, EALREADY, "this command was already carried out") \
	X(10, NO_SYMBOL, ENXIO, "no such symbol; see market/symbols") \
	X(11, NO_NODE, ENXIO, "no such node") \
	X(12, NO_CAPACITY, ENOSPC, "the node has not that much free; see nodes/self/free or offer less") \
	X(13, BAD_VECTOR, ERANGE, "the resources asked for are not part of this symbol, or zero, or out of range") \
	X(14, BAD_PRICE, ERANGE, "the price is zero, off tick or out of range; see market/SYMBOL/spec") \
	X(15, BAD_DURATION, ERANGE, "the duration is out of range; see market/SYMBOL/spec") \
	X(16, ESCROW_SHORT, EDQUOT, "the escrow does not cover rate x duration") \
	X(17, BOND_SHORT, EDQUOT, "the bond does not cover what is offered") \
	X(18, NO_APP, ENXIO, "no such app; see apps/, or import an image with: cp FILE images/incoming/NAME") \
	X(19, NAME_TAKEN, EEXIST, "the name is taken") \
	X(20, NO_ORDER, ENOENT, "no such open order") \
	X(21, NOT_OWNER, EPERM, "it belongs to another account") \
	X(22, STALE, ESTALE, "somebody changed it since it was read (rev= differs); read it again") \
	X(23, NO_LEASE, ENOENT, "no such lease") \
	X(24, NOT_PARTY, EPERM, "the account is not a party to this lease") \
	X(25, BAD_STATE, EBUSY, "the object's state does not allow that now") \
	X(26, CONDITION, EBUSY, "the contract's condition for that does not hold yet") \
	X(27, BAD_USAGE, ERANGE, "the usage receipt contradicts time, lease or the receipt before it") \
	X(28, USAGE_PENDING, EBUSY, "a usage receipt is pending; wait until it settles") \
	X(29, FULL, ENOSPC, "a table is full; cancel or remove something first") \
	X(30, BUSY, EAGAIN, "too much at once; try again") \
	X(31, BAD_CONTRACT, EINVAL, "the contract does not pass its checks") \
	X(32, UNKNOWN_TYPE, EINVAL, "this transaction type is not known") \
	X(33, BAD_KEY, EINVAL, "the key is not a valid public key") \
	X(34, BATCH_ABORTED, ECANCELED, "another part of the batch was refused, so none was done") \
	X(35, NOT_ALLOWED, EPERM, "this machine's configuration does not let this user do that") \
	X(36, LEDGER_DOWN, EHOSTDOWN, "the ledger is not running; see systemctl status zeus-ledger") \
	X(37, TIMED_OUT, ETIMEDOUT, "the ledger did not answer in time; the outcome is not known yet") \
	X(38, DISK_FULL, EROFS, "the ledger's disk is nearly full; it reads on and writes again once there is space") \
	X(39, BAD_SELF_TRADE, EPERM, "buyer and seller are the same account") \
	X(40, WOULD_NOT_FILL, ECANCELED, "tif=fok or ioc and nothing fitting is offered now") \
	X(41, BAD_MEMO, EINVAL, "a text is too long or has control characters") \
	X(42, NO_PENDING, EBUSY, "nothing waits to be confirmed") \
	X(43, NO_TOKEN, ENXIO, "no such token; see tokens/") \
	X(44, TOKEN_MODE, EPERM, "only the issuer of this token may convert it") \
	X(45, UNVESTED, EDQUOT, "the rest of the balance is not vested yet; see me/vesting") \
	X(46, NO_WORK, EDQUOT, "the account's free work is used up for now; it comes back within a day, or stake more coins") \
	X(47, DEPOSIT_SHORT, EDQUOT, "the balance does not cover the refundable deposit for what would be stored") \
	X(48, BAD_PROXY, EINVAL, "a proxy must be another account that votes itself") \
	X(49, MOVING, EAGAIN, "the account is moving to another chain; try again") \
	X(50, STAKE_SHORT, EDQUOT, "not that much is staked") \
	X(51, NO_STATE, ENOENT, "the books of that height are not kept; see keep_states in zeus.conf(5)") \
	X(52, KEYS_CHANGED, EKEYREVOKED, "the account has new keys that this machine does not hold; submit what they signed") \
	X(53, NO_CHANGE, EINVAL, "these are the terms that the lease has already") \
	X(54, NO_PROPOSAL, EBUSY, "no change is proposed; see proposal in the lease's status") \
	X(55, CHANGE_AGREED, EBUSY, "a change is agreed and under way; wait until it is made") \
	X(56, FIXED_KIND, EBUSY, "disk and GPUs of a lease cannot change; take another lease") \
	X(57, NOT_OFFERED, ENOSPC, "the seller has no ask open on that node with so much more, or its bond is too small; post one first") \
	X(58, OTHERS_WORD, EPERM, "that is for the other party of the lease to say") \
	X(59, TOO_MANY, EDQUOT, "the account has given as many commands as it may in a day; wait until the first of them are a day old")

enum verdict {
#define X(code, name, err, text) V_##name = code,
	VERDICTS(X)
#undef X
	V_COUNT
};

int verdict_errno(enum verdict v);           /* 0 for V_OK */
const char *verdict_name(enum verdict v);    /* "no-funds" */
const char *verdict_text(enum verdict v);
#endif
