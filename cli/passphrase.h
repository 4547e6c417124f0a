/* A passphrase: from the terminal without echo, from a file, or from a descriptor. Never from the command line, which others can read. */
#ifndef ZEUS_PASSPHRASE_H
#define ZEUS_PASSPHRASE_H
#include <stddef.h>
#include "cli/cli.h"
#include "ledger/crypto/secret.h"

#define PASSPHRASE_MAX 1024

struct passphrase_from { const char *file; int fd; /* -1: none. Neither: the terminal */ };

/* The first line, without its newline; *out is secret memory of the caller's. twice: at the terminal it is asked again. Exit code: 0, or
 * why there is none. */
int passphrase_read(const struct passphrase_from *from, const char *prompt, bool twice, char **out, size_t *len);
/* Is s a descriptor's number? */
bool passphrase_fd(const char *s, int *out);
#endif
