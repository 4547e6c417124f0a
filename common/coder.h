/* One description of a format, run in both directions: with a writer it writes the fields, with a reader it fills them.
 *
 * A description is a function over a struct, so what is written and what is read cannot come apart, and a value that is not
 * canonical is refused on either way. A writing coder never changes the struct: coder_writing() takes what callers hold as const. */
#ifndef ZEUS_CODER_H
#define ZEUS_CODER_H
#include "common/codec.h"

struct coder { struct wbuf *w; struct rbuf *r; }; /* exactly one is set */

static inline struct coder coder_writing(struct wbuf *w) { return (struct coder){w, NULL}; }
static inline struct coder coder_reading(struct rbuf *r) { return (struct coder){NULL, r}; }

void coder_refuse(const struct coder *c);                                /* what was met is not canonical */
bool coder_bad(const struct coder *c);
static inline void coder_require(const struct coder *c, bool holds) { if (!holds) coder_refuse(c); }

void code_u8(struct coder *c, uint8_t *v);
void code_u16(struct coder *c, uint16_t *v);
void code_u32(struct coder *c, uint32_t *v);
void code_u64(struct coder *c, uint64_t *v);
void code_bool(struct coder *c, bool *v);
void code_enum8(struct coder *c, uint8_t *v, unsigned count);            /* 0 .. count - 1 */
void code_enum16(struct coder *c, uint16_t *v, unsigned count);
void code_const8(struct coder *c, uint8_t v);                            /* always this */
void code_const16(struct coder *c, uint16_t v);
void code_bytes(struct coder *c, void *p, size_t len);
void code_blob(struct coder *c, struct slice *v, size_t max);
void code_text(struct coder *c, char *s, size_t max);                    /* s holds max + 1 */
void code_name(struct coder *c, char s[NAME_MAX_LEN + 1]);               /* as text_name_ok wants it */
void code_name_or_none(struct coder *c, char s[NAME_MAX_LEN + 1]);       /* or "" */
void code_id(struct coder *c, struct id *v);
void code_address(struct coder *c, struct address *v);
void code_money(struct coder *c, struct money *v);
void code_price(struct coder *c, struct price *v);
void code_qty(struct coder *c, struct qty *v);
void code_resources(struct coder *c, struct resources *v);
#endif
