/* A slow step in a child process: started, polled, reaped by whoever reaps. */
#ifndef ZEUS_JOB_H
#define ZEUS_JOB_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum job_kind { JOB_NONE, JOB_UNPACK, JOB_CREATE, JOB_START };

struct job { enum job_kind kind; pid_t pid; bool ended, late; int result; uint64_t began_ms; };

/* Sheds the environment, but for a PATH: a runtime would take the service manager's variables for its own. */
void job_environment(void);
/* Runs f(arg) in a child that dies with this process, in that environment; f returns 0 or -errno. Standard output and error go to the
 * file log (made, truncated), standard input is empty. */
int job_start(struct job *j, enum job_kind kind, const char *log, int (*f)(const void *arg), const void *arg);
/* -EINPROGRESS, or the result; then the job is idle again. Works whether this process or somebody else calls waitpid. */
int job_poll(struct job *j);
/* The same for one that may hang: it is killed when it has not ended so long after its start, and once it is dead that is -ETIME. */
int job_poll_within(struct job *j, uint64_t ms);
/* True if the pid was this job's. */
bool job_reaped(struct job *j, pid_t pid, int status);
/* Kills a running one, with what it started and did not detach: 0 once it is gone or if there is none, -EINPROGRESS while it dies. */
int job_end(struct job *j);
/* The same, and waits for it: for whoever serves nobody any more. */
void job_cancel(struct job *j);
/* Runs argv (a full path) and waits: its exit status, or -errno. To be called inside a job. before may be NULL. */
int job_exec(const char *const *argv, int (*before)(const void *arg), const void *arg);
#endif
