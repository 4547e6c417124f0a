/* The acts of tests/system/prisoner.c, in tables: of files and identity, of system calls, of the network. */
#ifndef TESTS_PRISONER_H
#define TESTS_PRISONER_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* f is at least 0 if it was let through. harmless: it may be done by root of the host, where it works. */
struct act { const char *name; int (*f)(void); bool harmless; };
struct target { const char *secret, *socket; pid_t pid; int port; };

extern struct target target; /* set once, at the start */

extern const struct act acts_files[], acts_calls[], acts_net[];

static inline const struct act *prison_table(size_t i)
{
	const struct act *const all[] = {acts_files, acts_calls, acts_net, NULL};
	return all[i];
}
#endif
