/* accounts/NAME/send: `to=WHO amount=A [token=SYMBOL] [note=WORD]` pays; `auth=HEX [x25519=HEX] amount=A` opens the account of these keys
 * (zeus key prints both) with its first money. */
#ifndef ZEUS_SEND_LINE_H
#define ZEUS_SEND_LINE_H
#include "common/fact.h"
#include "common/text.h"
#include "zfs-views/refusal.h"

struct send_line {
	char to[ADDRESS_TEXT_MAX + NAME_MAX_LEN]; int to_column; char memo[MEMO_MAX + 1];
	char token[TOKEN_SYMBOL_LEN + 1]; int token_column;           /* "ZNC" if not said */
	char amount[TEXT_NUM]; int amount_column;                     /* above 0; how many decimals it may have is the token's to say */
	bool opens; struct auth auth; uint8_t x25519[32]; /* opens: of these keys; there is no `to` */
};
/* Base units of something with so many decimals, above 0. key: what it is called in the refusal. */
bool send_amount(const char *text, uint8_t decimals, int column, const char *key, struct money *out, struct refusal *why);
/* The keys of an account, in hex, as zeus key prints them. */
bool send_auth(const char *text, int column, struct auth *out, struct refusal *why);
bool send_line_parse(const char *line, struct send_line *out, struct refusal *why);
#endif
