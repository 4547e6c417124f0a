/* zeus-ledger --init: keys, genesis and the first block. */
#ifndef ZEUS_SETUP_H
#define ZEUS_SETUP_H
#include "ledger/paths.h"
#include "ledger/state/state.h"

#define SETUP_ACCOUNTS_MAX 64
struct setup {
	uint32_t operator_uid;
	const char *genesis; /* file to begin from, "-" = standard input; NULL: one of this machine alone, from the rest */
	uint32_t naccounts; struct { uint32_t uid; struct money amount; } account[SETUP_ACCOUNTS_MAX];
	uint32_t trial_s, grace_s, settle_s, consent_s; unsigned given; /* bit per parameter that was given, in that order */
};
/* What somebody who writes a genesis must know of this machine, and what came of it. */
struct setup_made { struct id genesis; struct genesis_account operator, node; bool operator_named; };
/* Parsers of the options' values; false: not understood. */
bool setup_account(struct setup *s, const char *text); /* UID=AMOUNT */
bool setup_param(struct setup *s, const char *text);   /* trial= grace= settle= consent= DURATION */
/* 0 or -errno with a sentence in why (256). -EEXIST: there is a ledger already. The genesis' file is read as whoever calls. */
int setup_run(const struct setup *s, const struct paths *p, struct setup_made *made, char *why);
/* Only the keys of the operator and the node, if they are not there yet; made->genesis stays as it was. */
int setup_keys_only(const struct setup *s, const struct paths *p, struct setup_made *made, char *why);
/* zeus-ledger --import: the books of a snapshot, beside keys that are there or come later. -EEXIST as above. */
int setup_import(const struct paths *p, int fd, char *why);
#endif
