/* Inside of struct link, shared by link.c (the thread) and link_call.c (who asks). lock guards all of it but the model. */
#ifndef ZEUS_LINK_PRIV_H
#define ZEUS_LINK_PRIV_H
#include <pthread.h>
#include "zfs-views/block_cache.h"
#include "zfs-views/link.h"

struct link_call {
	uint64_t req; uint8_t type, want;          /* message sent, message awaited */
	uint8_t *body; size_t len; bool again;     /* kept to be sent anew after a reconnect: carrying it out twice does no harm */
	bool answered, lost; uint8_t *reply; size_t reply_len;
	void (*done)(void *arg, enum verdict v); void *arg; /* sync only */
	struct link_call *next;
};

struct link {
	struct model *model; char *path; void (*changed)(void *arg); void *arg;
	pthread_t thread; pthread_mutex_t lock; pthread_cond_t moved; /* answered, folded, connected or lost */
	pthread_mutex_t send_lock;                 /* frames of one batch go out together */
	int fd, wake_fd; _Atomic bool stop; bool up, greeted; /* up: WELCOME came */
	uint64_t next_req, height; struct id hash; /* height ~0: nothing folded */
	struct wire_welcome welcome; struct link_call *calls; size_t ncalls;
	struct block_cache cache;
};

/* Put call on the list and send it. Frees nothing. 0, -EHOSTDOWN, -EAGAIN (too many). */
int link_call_start(struct link *l, struct link_call *c);
void link_call_remove(struct link *l, struct link_call *c); /* with the lock held */
/* The thread's part: what came in, what is to be done after a loss and after a new WELCOME. */
void link_calls_answer(struct link *l, const struct wire_head *head, struct slice body);
void link_calls_lost(struct link *l);
void link_calls_again(struct link *l);
#endif
