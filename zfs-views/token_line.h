/* Words about tokens, as they are written: into tokens/SYMBOL/ctl, and into the values of a draft. What they amount to is the ledger's. */
#ifndef ZEUS_TOKEN_LINE_H
#define ZEUS_TOKEN_LINE_H
#include "common/text.h"
#include "zfs-views/local.h"
#include "zfs-views/refusal.h"

/* in: so many ZNC become tokens. mint: so many tokens, for what they cost. out: so many tokens become ZNC, or another token. */
enum token_verb { TOKEN_VERB_IN, TOKEN_VERB_MINT, TOKEN_VERB_OUT };
struct token_line {
	enum token_verb verb; char amount[TEXT_NUM]; int amount_column;
	char into[TOKEN_SYMBOL_LEN + 1]; int into_column; /* of out; "ZNC" if not said */
};
/* `in AMOUNT`, `mint AMOUNT`, `out AMOUNT [into=SYMBOL]` */
bool token_line_parse(const char *line, struct token_line *out, struct refusal *why);

/* A value of a draft, written as it is read. */
bool token_decimals_parse(const char *text, struct token_draft *d, struct refusal *why);
bool token_anchor_parse(const char *text, struct token_draft *d, struct refusal *why); /* `num den` */
bool token_mode_parse(const char *text, struct token_draft *d, struct refusal *why);

/* What has to come in for exactly that many units: the least amount of ZNC that floor(z * num / den) makes into them. False: none does, or
 * it is more than there is. */
bool token_price(struct money units, uint64_t num, uint64_t den, struct money *znc);
#endif
