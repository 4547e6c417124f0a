/* Inside of struct local, shared by local.c, drafts.c, tasks.c, token_drafts.c, hidden.c and errors.c only. All is guarded by lock. */
#ifndef ZEUS_LOCAL_PRIV_H
#define ZEUS_LOCAL_PRIV_H
#include <pthread.h>
#include "common/limits.h"
#include "zfs-views/local.h"

struct error_entry { uint64_t seq, time_ms; int err, column; char *path, *sentence, *line; };
struct error_log { uid_t uid; uint32_t n, next; uint64_t used; struct error_entry entry[ERRORS_PER_UID]; };
struct mode_entry { uint64_t ino; mode_t mode; };

struct local {
	pthread_mutex_t lock;
	int state_fd, tasks_fd;            /* tasks_fd: state_fd/settings, one folder per task */
	struct draft *draft[DRAFTS_MAX]; size_t ndrafts;
	struct local_task *task[TASK_DRAFTS_MAX]; size_t ntasks;
	struct token_draft token[TOKEN_DRAFTS_MAX]; size_t ntokens;
	struct error_log *log[ERROR_UIDS_MAX]; size_t nlogs; uint64_t error_seq;
	struct mode_entry mode[LOCAL_MODES_MAX]; size_t nmodes;
	struct id hidden[HIDDEN_MAX]; size_t nhidden, hidden_next; /* a ring */
};

static inline void cleanup_unlock(pthread_mutex_t **m) { pthread_mutex_unlock(*m); }
/* Hold the tables until the end of the scope. */
#define LOCAL_HOLD(l) __attribute__((cleanup(cleanup_unlock))) pthread_mutex_t *held_ = &(l)->lock; pthread_mutex_lock(held_)

uint64_t local_now_ms(void);               /* wall clock */
void *local_alloc(void *p, size_t size);   /* realloc that aborts: the tables are bounded, so memory that small must be there */
char *local_copy(const char *p, size_t len); /* NUL-terminated */
/* Replace the file name in dir by these bytes: written aside, renamed. 0 or -errno. */
int local_store(int dir, const char *name, const void *p, size_t len);
/* Read a whole file of at most max bytes; *p malloc'd and NUL-terminated. 0 or -errno. */
int local_load(int dir, const char *name, size_t max, char **p, size_t *len);
void local_hidden_load(struct local *l);
void local_tokens_load(struct local *l);
int local_tasks_load(struct local *l);     /* -errno: the folder cannot be read */
void local_tasks_free(struct local *l);
void local_drafts_free(struct local *l);
void local_errors_free(struct local *l);
#endif
