/* Bytes in and out, little-endian, fixed width, no padding, no alternative spellings.
 *
 * A writer or reader that meets a bound goes `bad` and stays so; check once at the end. A reader that went bad
 * returns zeros. rbuf_end() is true only when everything was read and nothing is left over. */
#ifndef ZEUS_CODEC_H
#define ZEUS_CODEC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/resource.h"
#include "common/units.h"

struct id { uint8_t b[32]; };      /* transaction, order, instance, template, block */
struct address { uint8_t b[32]; }; /* account */
struct slice { const uint8_t *p; size_t len; }; /* borrowed bytes */

struct wbuf { uint8_t *p; size_t cap, len; bool bad; };
struct rbuf { const uint8_t *p; size_t len, pos; bool bad; };

static inline struct wbuf wbuf_on(void *p, size_t cap) { return (struct wbuf){p, cap, 0, false}; }
static inline struct rbuf rbuf_on(const void *p, size_t len) { return (struct rbuf){p, len, 0, false}; }
static inline bool rbuf_end(const struct rbuf *r) { return !r->bad && r->pos == r->len; }

void put_u8(struct wbuf *w, uint8_t v);
void put_u16(struct wbuf *w, uint16_t v);
void put_u32(struct wbuf *w, uint32_t v);
void put_u64(struct wbuf *w, uint64_t v);
void put_bytes(struct wbuf *w, const void *p, size_t len);         /* length known to the format */
void put_blob(struct wbuf *w, const void *p, size_t len);          /* u32 length, then the bytes */
void put_text(struct wbuf *w, const char *s);                      /* u16 length, then the bytes, no NUL */
void put_id(struct wbuf *w, const struct id *v);
void put_address(struct wbuf *w, const struct address *v);
void put_money(struct wbuf *w, struct money v);
void put_price(struct wbuf *w, struct price v);
void put_resources(struct wbuf *w, const struct resources *v);     /* 12 x u32 */
/* A u32 length that is known only afterwards: mark its place, write the bytes, then set it to what was written since. */
size_t put_mark32(struct wbuf *w);
void put_length(struct wbuf *w, size_t mark);

uint8_t get_u8(struct rbuf *r);
uint16_t get_u16(struct rbuf *r);
uint32_t get_u32(struct rbuf *r);
uint64_t get_u64(struct rbuf *r);
bool get_bool(struct rbuf *r);                                     /* 0 or 1, anything else is bad */
void get_bytes(struct rbuf *r, void *out, size_t len);
struct slice get_blob(struct rbuf *r, size_t max);                 /* borrowed from the reader's bytes */
/* out must hold max + 1 bytes; a NUL or control byte inside is bad; NUL-terminated */
void get_text(struct rbuf *r, char *out, size_t max);
struct id get_id(struct rbuf *r);
struct address get_address(struct rbuf *r);
struct money get_money(struct rbuf *r);                            /* over the supply is bad */
struct price get_price(struct rbuf *r);                            /* over the supply is bad */
struct resources get_resources(struct rbuf *r);

int id_cmp(const struct id *a, const struct id *b);
bool id_is_zero(const struct id *a);
bool address_eq(const struct address *a, const struct address *b);
void hex_encode(const uint8_t *p, size_t len, char *out);          /* out: 2*len + 1 */
bool hex_decode(const char *s, uint8_t *out, size_t len);          /* exactly 2*len lower-case digits */
#endif
