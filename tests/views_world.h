/* A whole view for tests: alice (uid 1000) rents from root, whose node is here. One world at a time. */
#ifndef ZEUS_TEST_VIEWS_WORLD_H
#define ZEUS_TEST_VIEWS_WORLD_H
#include "tests/views_facts.h"
#include "zfs-views/render.h"

extern struct view v;
void world_make(void);
void world_drop(void);
int resolve(const char *path, struct node *n);  /* as uid 1000; 0 or -ENOENT */
char *content(const char *path, uid_t uid);    /* good until the next call */
#endif
