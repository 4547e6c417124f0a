/* The model as it was after a block: built when it is first asked for, the last few kept. */
#ifndef ZEUS_PAST_H
#define ZEUS_PAST_H
#include "zfs-views/model.h"

struct past;
/* build(arg, height, into): fold what the books were into an empty model; 0 or -errno. It may take seconds. */
typedef int past_build(void *arg, uint64_t height, struct model *into);
struct past *past_new(past_build *build, void *arg);
void past_free(struct past *p);
/* The model of a height, to be given back; users are those of now. -ENOENT: not kept, or not reached. Any thread; one builds at a time. */
int past_get(struct past *p, const struct model *now, uint64_t height, struct model **out);
void past_put(struct past *p, struct model *m);
#endif
