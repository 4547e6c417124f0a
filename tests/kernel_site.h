/* A place of its own for a test of the real kernel side: state directory, instance, image; and what must be gone afterwards. */
#ifndef TESTS_KERNEL_SITE_H
#define TESTS_KERNEL_SITE_H
#include "kernel-facing/kernel.h"

struct site {
	char dir[128];              /* temporary */
	char image[65];
	struct kernel_config cfg;
	struct kernel *k;
};

#define SITE_LEASE ((struct lease_name){"0123456789ab"})

/* Exits 77 with a reason if this machine cannot run the test. */
void site_need(void);
/* Once, before the tests; site_sweep removes it. */
void site_image_make(void);
void site_init(struct site *s);
/* After all tests: what failed ones left behind. */
void site_sweep(void);
struct Suite; /* libcheck's */
/* Runs the suite (taken) and sweeps: what main returns. */
int site_main(struct Suite *s);
void site_open(struct site *s);
/* Closes every lease and the kernel side, checks that nothing is left, removes the directory. */
void site_close(struct site *s);
struct quota site_quota(void);
/* Ask until the answer is not -EINPROGRESS. */
int site_until(int (*verb)(struct kernel *k, const struct lease_name *l), struct kernel *k, const struct lease_name *l);
int site_create(struct site *s, const struct lease_name *l, const char *script);
int site_run(struct site *s, const struct lease_name *l, const char *script); /* create and start */
struct usage site_usage(struct site *s, const struct lease_name *l);
/* Waits until the task ended; its exit code, or -ETIMEDOUT. */
int site_wait_exit(struct site *s, const struct lease_name *l, int timeout_ms);
/* The task's log without times and tags; cap bytes. */
void site_log(struct site *s, const struct lease_name *l, char *out, size_t cap);
/* Waits until the log holds the text. */
bool site_log_has(struct site *s, const struct lease_name *l, const char *text, int timeout_ms);
/* The names of what bears the instance's id anywhere in the kernel; 0 = clean. Prints what it finds. */
int site_leftovers(struct site *s);
void site_pause(int ms);
/* Is the processor emulated? Then only ceilings of rates can be shown: it is too slow to reach them. */
bool site_emulated(void);
#endif
