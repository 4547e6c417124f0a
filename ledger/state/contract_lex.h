/* A cursor over one line of a contract, and expressions on it. Private to the compiler. */
#ifndef ZEUS_CONTRACT_LEX_H
#define ZEUS_CONTRACT_LEX_H
#include "ledger/state/contract_fsm.h"

/* why: the first complaint about the line, NULL so far; once set, everything answers false. */
struct lex { const char *p; const char *why; };

bool lex_refuse(struct lex *l, const char *why);                 /* always false */
bool lex_end(struct lex *l);                                     /* nothing but blanks or a comment is left */
bool lex_word(struct lex *l, char out[NAME_MAX_LEN + 1]);        /* [A-Za-z0-9._-]+, or @ and letters */
bool lex_ident(struct lex *l, char out[NAME_MAX_LEN + 1]);       /* [A-Za-z_][A-Za-z0-9_]* */
bool lex_keyword(struct lex *l, const char *keyword);            /* consumed only if it is there */
bool lex_peek_keyword(struct lex *l, const char *keyword);
bool lex_punct(struct lex *l, const char *punct);                /* likewise */
bool lex_number(struct lex *l, uint64_t *out);                   /* digits with s m h d; a day is 86400 */
bool lex_at_digit(struct lex *l);

/* Read an expression, append it to f and give its number. */
bool parse_expr(struct lex *l, struct fsm *f, uint16_t *expr);
#endif
