/* Is what a task is to execute in its image? Asked before a runtime fails at it, because that is the buyer's affair. */
#ifndef ZEUS_PROGRAM_H
#define ZEUS_PROGRAM_H
#include <stdbool.h>
#include "kernel-facing/kernel.h"

/* root: the task's root as it will be. 0, or -ENOPKG: the program is missing or is none, or the working directory cannot be entered. */
int program_check(const char *root, bool readonly, const struct task_spec *spec);
#endif
