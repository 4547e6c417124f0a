/* The keys of the configuration: how each is read, and what is the case when it is not given. Only conf.c includes this. */
#ifndef ZEUS_CONF_KEYS_H
#define ZEUS_CONF_KEYS_H
#include "common/conf.h"

/* Which keys a file has given already: twice in one file is a mistake, again in a later file is an override. */
struct conf_seen { uint32_t keys, offer, per_lease; };

/* False: text (cap bytes) says what is wrong. */
bool conf_key_set(struct conf *c, struct conf_seen *seen, const char *section, const char *name, const char *value, char *text, size_t cap);
/* After the last file: what follows from what was given. */
void conf_keys_finish(struct conf *c);
#endif
