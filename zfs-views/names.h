/* Login names of local uids: a copy of /etc/passwd's first and third column, since this process opens no such file once it is confined.
 * Safe to ask while another thread loads a newer text. */
#ifndef ZEUS_NAMES_H
#define ZEUS_NAMES_H
#include <sys/types.h>
#include "common/text.h"

struct names;
struct names *names_new(void);
void names_free(struct names *t);
/* Replaces everything by what passwd (the text of /etc/passwd) says. Of several names of one uid the first counts. */
void names_load(struct names *t, const char *passwd);
/* The name, or the number if there is none that may stand in a path. t may be NULL. */
void names_of(const struct names *t, uid_t uid, char out[NAME_MAX_LEN + 1]);
/* The uid whose names_of is exactly name. */
bool names_uid(const struct names *t, const char *name, uid_t *uid);
#endif
