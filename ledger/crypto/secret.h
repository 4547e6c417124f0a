/* Memory for what nobody else may see: locked against swapping, between guard pages, zero at first, wiped when freed. */
#ifndef ZEUS_SECRET_H
#define ZEUS_SECRET_H
#include <stdbool.h>
#include <stddef.h>

void *secret_new(size_t len); /* ends the process when there is no memory */
void secret_free(void *p);    /* NULL: nothing */
void secret_wipe(void *p, size_t len); /* is not optimised away */

static inline void secret_cleanup(void *p) { secret_free(*(void **)p); }
#define autosecret __attribute__((cleanup(secret_cleanup)))
#endif
