/* What this process keeps for its own users beside the model: drafts of orders, tasks and tokens, the error log, modes. Bounded; what must
 * outlive the process (drafts of tasks and tokens, modes) is written to plain files below the state directory. */
#ifndef ZEUS_LOCAL_H
#define ZEUS_LOCAL_H
#include <sys/types.h>
#include "common/text.h"
#include "common/tx.h"

struct local;
int local_new(int state_fd, struct local **ret);  /* state_fd: state_dir/views, kept */
void local_free(struct local *l);

/* Errors, per uid, last ERRORS_PER_UID. column < 0: no caret. */
void local_error(struct local *l, uid_t uid, int err, const char *path, const char *sentence, const char *line, int column);
void local_errors_clear(struct local *l, uid_t uid);
/* Appends the uid's errors as text (INTERFACE 2.11) via put. */
void local_errors_text(struct local *l, uid_t uid, void (*put)(void *arg, const char *p, size_t len), void *arg);

/* Order drafts (dot-names and mkstemp names) of one account. */
struct draft { char name[NAME_MAX_LEN + 1]; uid_t uid; char *text; size_t len; mode_t mode; uint32_t opens; uint64_t made_ms, used_ms; };
int local_draft_make(struct local *l, uid_t uid, const char *name, mode_t mode);      /* -EEXIST -ENOSPC */
int local_draft_write(struct local *l, uid_t uid, const char *name, const char *p, size_t len, uint64_t off); /* -EFBIG */
int local_draft_resize(struct local *l, uid_t uid, const char *name, uint64_t len);
bool local_draft_get(
    struct local *l, uid_t uid, const char *name, struct draft *copy); /* text is malloc'd for the caller (NULL if empty) */
/* Rename within one uid's drafts; an existing `to` is replaced. -ENOENT */
int local_draft_rename(struct local *l, uid_t uid, const char *from, const char *to);
/* Opened (+1) or closed (-1): DRAFT_KEEP_MS runs from the last close. */
void local_draft_opened(struct local *l, uid_t uid, const char *name, int by);
int local_draft_chmod(struct local *l, uid_t uid, const char *name, mode_t mode);
int local_draft_drop(struct local *l, uid_t uid, const char *name);
void local_draft_each(struct local *l, uid_t uid, bool (*cb)(void *arg, const struct draft *d), void *arg);

/* Tasks made by mkdir. Those born of a bid with app= exist only in the model, under the order's name. */
enum task_setting { SET_IMAGE, SET_CMD, SET_ENV, SET_LEASE, SETTINGS };
struct local_task {
	char name[NAME_MAX_LEN + 1];
	uid_t uid;
	mode_t mode;
	uint64_t made_ms;
	bool started;
	char *setting[SETTINGS];
	size_t len[SETTINGS];
};
int local_task_make(struct local *l, uid_t uid, const char *name, mode_t mode);       /* -EEXIST -ENOSPC */
int local_task_set(struct local *l, const char *name, enum task_setting s, const char *p, size_t len, uint64_t off, bool truncate);
int local_task_start(struct local *l, const char *name);                              /* freezes the settings; -EBUSY if frozen */
int local_task_drop(struct local *l, const char *name);
int local_task_rename(struct local *l, const char *from, const char *to);
bool local_task_get(struct local *l, const char *name, struct local_task *copy);      /* local_task_copy_free */
void local_task_copy_free(struct local_task *copy);
void local_task_each(struct local *l, bool (*cb)(void *arg, const struct local_task *t), void *arg);

int local_task_chmod(struct local *l, const char *name, mode_t mode);

/* Tokens made by mkdir and not issued yet, each its maker's. At first 8 decimals, 1 to 1, open to all. */
#define LOCAL_ANY UINT32_MAX /* no user's uid */
struct token_draft { char symbol[TOKEN_SYMBOL_LEN + 1]; uid_t uid; uint64_t made_ms; uint8_t decimals, mode; uint64_t num, den; };
int local_token_make(struct local *l, uid_t uid, const char *symbol);                 /* -EINVAL -EEXIST -ENOSPC */
int local_token_set(struct local *l, const struct token_draft *to);                   /* found by uid and symbol; -ENOENT */
bool local_token_get(struct local *l, uid_t uid, const char *symbol, struct token_draft *out);
int local_token_drop(struct local *l, uid_t uid, const char *symbol);
void local_token_each(struct local *l, uid_t uid /* LOCAL_ANY: all */, bool (*cb)(void *arg, const struct token_draft *d), void *arg);

/* Modes that owners chose for their orders/, tasks/, history (within 0770). key: inode number. */
bool local_mode(struct local *l, uint64_t ino, mode_t *mode);
int local_mode_set(struct local *l, uint64_t ino, mode_t mode);

/* Objects that are over and that their owner removed: not listed any more. The oldest HIDDEN_MAX are kept. */
bool local_hidden(struct local *l, const struct id *object);
int local_hide(struct local *l, const struct id *object);
#endif
