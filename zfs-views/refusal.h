/* Why a command was not carried out: an errno for write(2), and a sentence with a place in the line for /zeus/errors. */
#ifndef ZEUS_REFUSAL_H
#define ZEUS_REFUSAL_H
#include <stdbool.h>
#include "common/verdict.h"

#define REFUSAL_TEXT 256
struct refusal { int err; /* positive; 0 = none */ int column; /* -1 = no caret */ char text[REFUSAL_TEXT]; };

/* Both return false, so that a parser can end with `return refuse(...)`. */
bool refuse(struct refusal *why, int err, int column, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool refuse_verdict(struct refusal *why, enum verdict v, int column);
#endif
