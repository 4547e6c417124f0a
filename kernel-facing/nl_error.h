/* libnl's error numbers as -errno. */
#ifndef ZEUS_NL_ERROR_H
#define ZEUS_NL_ERROR_H

int nl_errno(int nle);
#endif
