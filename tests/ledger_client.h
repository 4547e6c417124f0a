/* A ledger under test and its clients: start and kill the built zeus-ledger, speak its protocol, fold its facts. */
#ifndef ZEUS_TEST_LEDGER_CLIENT_H
#define ZEUS_TEST_LEDGER_CLIENT_H
#include "common/conn.h"
#include "tests/scratch.h"
#include <sys/types.h>

#define CONFIG_LEN (SCRATCH_LEN + 8)

/* config: of every run but --init; "": the default one. as: the user it runs as, if the test is root's; 0: the test's own. */
struct daemon { char dir[SCRATCH_LEN], state[SCRATCH_LEN + 8], config[CONFIG_LEN]; uid_t as; pid_t pid; int notify; };
/* Scratch directory and --init. more: further arguments, NULL-terminated. */
void daemon_init(struct daemon *d, const char *const *more);
void daemon_init_in(struct daemon *d, const char *const *more, uid_t as); /* in d->dir, which is there, as that user */
void daemon_start(struct daemon *d);                         /* returns when it is ready */
int daemon_stop(struct daemon *d, int signo);                /* exit status, or -signal */
int daemon_run(const char *const *args);                     /* run zeus-ledger to its end: exit status */
void daemon_remove(struct daemon *d);

/* What an object's facts say last: kind and id, then the fact's bytes. Events are not kept. */
struct folded { uint8_t kind; struct id id; size_t len; uint8_t *bytes; };
struct fold {
	struct folded *o; size_t n, cap; uint64_t height; struct id hash; uint32_t resets;
	bool history; /* asked for with HELLO */
	void (*each)(void *arg, const struct fact *f); void *arg; /* optional: sees every fact as it comes */
};
void fold_free(struct fold *f);
bool fold_same(const struct fold *a, const struct fold *b);

struct lc {
	int fd;
	struct fold *fold;
	uint64_t req;
	struct wire_welcome welcome;
	struct wire_uid uids[16];
	uint32_t nuids;
	uint8_t buf[WIRE_MAX];
};
/* Connect and say HELLO with what fold knows; returns when the facts up to the ledger's height are folded. */
void lc_open(struct lc *c, const struct daemon *d, struct fold *fold);
void lc_close(struct lc *c);
/* Next message that is not FACTS, UIDS or WELCOME (those are folded). False: the connection ended. */
bool lc_next(struct lc *c, struct wire_head *head, struct slice *body);
uint64_t lc_transfer(
    struct lc *c, uint32_t uid, const struct address *to, uint64_t amount, const struct cid *cid); /* the request; 0: gone */
uint64_t lc_intent(struct lc *c, uint32_t uid, const struct tx *tx); /* type, scope and body; the request */
uint64_t lc_submit(struct lc *c, struct slice envelope);
enum verdict lc_do(struct lc *c, uint32_t uid, const struct tx *tx); /* an intent, its answer, and all that follows from it */
bool lc_gone(struct lc *c); /* read until the ledger cuts the connection; false: it said something else */
bool lc_answer(struct lc *c, uint64_t *req, struct wire_answer *out);
struct wire_answer lc_wait(struct lc *c, uint64_t req);      /* that answer; no other may come */
uint64_t lc_send(struct lc *c, uint8_t type, const void *body, size_t len);
struct wire_answer lc_sync(struct lc *c);
bool lc_address(const struct lc *c, uint32_t uid, struct address *out);
uint64_t lc_balance(const struct lc *c, const struct address *a);

/* The tests' main: as nobody, since a ledger that is not started by root gives its own uid every role. */
#define NOBODY 65534
struct TTest; /* check's */
bool test_as_nobody(void);
int test_run(const char *title, const struct TTest *const *tests, size_t n);
#define LEDGER_TEST_MAIN(title, ...) \
	int main(void) \
	{ \
		const struct TTest *const tests[] = {__VA_ARGS__}; \
		return test_as_nobody() ? test_run(title, tests, sizeof tests / sizeof tests[0]) : 77; \
	}
#endif
