/* Scope-bound release of what a function holds: the reason no function here needs goto. */
#ifndef ZEUS_CLEANUP_H
#define ZEUS_CLEANUP_H
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p) { free(*(void **)p); }
static inline void cleanup_close(int *fd) { if (*fd >= 0) close(*fd); }
static inline void cleanup_fclose(FILE **f) { if (*f) fclose(*f); }

#define autofree __attribute__((cleanup(cleanup_free)))
#define autoclose __attribute__((cleanup(cleanup_close)))
#define autofclose __attribute__((cleanup(cleanup_fclose)))

/* Hand a held value to the caller: the scope no longer owns it. */
static inline int take_fd(int *fd) { int taken = *fd; *fd = -1; return taken; }
#define take_ptr(p) __extension__({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })
#endif
