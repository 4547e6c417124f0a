/* What the commands of zeus share: exit codes, and one way to complain. */
#ifndef ZEUS_CLI_H
#define ZEUS_CLI_H
#include <stdio.h>

enum cli_exit { CLI_DONE = 0, CLI_REFUSED = 1, CLI_USAGE = 2, CLI_NO_PERMISSION = 77, CLI_DAMAGED = 78 };

/* "zeus: ..." on standard error; returns code. */
int cli_complain(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The commands: argv[0] is the command's own word. They return the exit code. */
int key_main(int argc, char **argv);
int sign_main(int argc, char **argv);
#endif
