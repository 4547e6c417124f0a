/* Small questions and changes to files of this machine, as the other files here need them. All return 0 or -errno. */
#ifndef ZEUS_HOST_H
#define ZEUS_HOST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HOST_PATH 384

/* snprintf into out[HOST_PATH]; -ENAMETOOLONG if it does not fit. */
int host_path(char out[HOST_PATH], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A sentence for people: cut, if need be, to cap bytes. */
void host_say(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The whole of a small file, NUL-terminated; *len may be NULL. -EFBIG if it does not fit. */
int host_read(const char *path, char *out, size_t cap, size_t *len);
int host_read_u64(const char *path, uint64_t *out);
/* One write of the text to an existing file (kernel files take one value a write). */
int host_write(const char *path, const char *text);
int host_write_u64(const char *path, uint64_t v);
/* Replaces path so that after a crash it is either the old or the new one. */
int host_replace(const char *path, const void *p, size_t len, mode_t mode);
/* The same for what means nothing after a restart of the machine: whole for every process, whenever this one dies, and not synced. */
int host_swap(const char *path, const void *p, size_t len, mode_t mode);
/* mkdir that is content with a directory that is there, but then sets owner and mode. */
int host_mkdir(const char *path, mode_t mode, uid_t uid, gid_t gid);
bool host_exists(const char *path);
/* Removes path and all below it, without following links or leaving its file system; 0 if there is nothing. */
int host_remove(const char *path);
/* The number after `key ` in the text of a flat-keyed kernel file; false if it is not there. */
bool host_keyed(const char *text, const char *key, uint64_t *out);
uint64_t host_now_ms(void); /* monotonic */
void host_pause_ms(int ms);  /* between two looks at something that ends by itself and tells nobody */
int host_boot_id(uint8_t out[16]);
/* Start time of a process in clock ticks since boot: with the pid, a name that is never reused. */
int host_start_time(pid_t pid, uint64_t *out);
int host_pidfd(pid_t pid);
/* Full path of a program found in the usual directories, or -ENOENT. */
int host_program(const char *name, char out[HOST_PATH]);
#endif
