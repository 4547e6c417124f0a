/* zeus genesis: how a network begins, as text. */
#ifndef ZEUS_CLI_GENESIS_H
#define ZEUS_CLI_GENESIS_H

/* argv[0] is "genesis". The exit code. */
int cli_genesis(int argc, char **argv);
#endif
