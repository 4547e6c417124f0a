/* The list of verdicts as tables.
 *
 * The codes, errnos and sentences come from verdict.h; only the words that programs read ("no-funds") are spelled here, and a
 * test holds them to the codes' names. Knows nothing of who refuses what. */
#include "common/verdict.h"
#include <errno.h>

static const int errnos[V_COUNT] = {
#define X(code, name, err, text) [code] = err,
	VERDICTS(X)
#undef X
};

static const char *const texts[V_COUNT] = {
#define X(code, name, err, text) [code] = text,
	VERDICTS(X)
#undef X
};

static const char *const names[V_COUNT] = {
	[V_OK] = "ok", [V_MALFORMED] = "malformed", [V_BAD_SIGNATURE] = "bad-signature", [V_BAD_NONCE] = "bad-nonce",
	[V_EXPIRED] = "expired", [V_WRONG_CHAIN] = "wrong-chain", [V_NO_ACCOUNT] = "no-account", [V_NO_FUNDS] = "no-funds",
	[V_OVERFLOW] = "overflow", [V_DUPLICATE] = "duplicate", [V_NO_SYMBOL] = "no-symbol", [V_NO_NODE] = "no-node",
	[V_NO_CAPACITY] = "no-capacity", [V_BAD_VECTOR] = "bad-vector", [V_BAD_PRICE] = "bad-price",
	[V_BAD_DURATION] = "bad-duration", [V_ESCROW_SHORT] = "escrow-short", [V_BOND_SHORT] = "bond-short", [V_NO_APP] = "no-app",
	[V_NAME_TAKEN] = "name-taken", [V_NO_ORDER] = "no-order", [V_NOT_OWNER] = "not-owner", [V_STALE] = "stale",
	[V_NO_LEASE] = "no-lease", [V_NOT_PARTY] = "not-party", [V_BAD_STATE] = "bad-state", [V_CONDITION] = "condition",
	[V_BAD_USAGE] = "bad-usage", [V_USAGE_PENDING] = "usage-pending", [V_FULL] = "full", [V_BUSY] = "busy",
	[V_BAD_CONTRACT] = "bad-contract", [V_UNKNOWN_TYPE] = "unknown-type", [V_BAD_KEY] = "bad-key",
	[V_BATCH_ABORTED] = "batch-aborted", [V_NOT_ALLOWED] = "not-allowed", [V_LEDGER_DOWN] = "ledger-down",
	[V_TIMED_OUT] = "timed-out", [V_DISK_FULL] = "disk-full", [V_BAD_SELF_TRADE] = "bad-self-trade",
	[V_WOULD_NOT_FILL] = "would-not-fill", [V_BAD_MEMO] = "bad-memo", [V_NO_PENDING] = "no-pending",
	[V_NO_TOKEN] = "no-token", [V_TOKEN_MODE] = "token-mode", [V_UNVESTED] = "unvested", [V_NO_WORK] = "no-work",
	[V_DEPOSIT_SHORT] = "deposit-short", [V_BAD_PROXY] = "bad-proxy", [V_MOVING] = "moving", [V_STAKE_SHORT] = "stake-short",
	[V_NO_STATE] = "no-state", [V_KEYS_CHANGED] = "keys-changed", [V_NO_CHANGE] = "no-change",
	[V_NO_PROPOSAL] = "no-proposal", [V_CHANGE_AGREED] = "change-agreed", [V_FIXED_KIND] = "fixed-kind",
	[V_NOT_OFFERED] = "not-offered", [V_OTHERS_WORD] = "others-word", [V_TOO_MANY] = "too-many",
};

/* A code that this build does not know came from a newer ledger: it is a refusal all the same. */
int verdict_errno(enum verdict v) { return (unsigned)v < V_COUNT ? errnos[v] : EPROTO; }
const char *verdict_name(enum verdict v) { return (unsigned)v < V_COUNT ? names[v] : "unknown"; }

const char *verdict_text(enum verdict v)
{
	return (unsigned)v < V_COUNT ? texts[v] : "the ledger refused for a reason that this version does not know";
}
