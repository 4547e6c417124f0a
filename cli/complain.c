/* One way to complain: the program's name, the sentence, the exit code.
 *
 * Knows the form of a message. Does not know what went wrong. */
#include <stdarg.h>
#include "cli/cli.h"

int cli_complain(int code, const char *fmt, ...)
{
	va_list args;
	fputs("zeus: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs(code == CLI_USAGE ? "\nTry: zeus --help\n" : "\n", stderr);
	return code;
}
