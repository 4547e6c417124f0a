/* What was taken and not answered, kept for the next process.
 *
 * A kernel before 6.9 never repeats a request: what a process had taken when it died would stay unanswered, and its caller asleep for ever.
 * So the kernel copies each request straight into a slot of a memory file that the broker holds; there it lies until it is answered.
 * Knows the head of a request and which kinds have no answer. Does not know what any of them asks for. */
#include "zfs-views/taken.h"
#include <errno.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "common/cleanup.h"

#define PAGE 4096u

struct slot { uint64_t unique; bool busy, present, old; };
struct taken { int memory; size_t size; uint8_t *at; pthread_mutex_t lock; struct slot slot[TAKEN_MAX]; };

static struct fuse_in_header *head_of(const struct taken *t, int i) { return (void *)(t->at + (size_t)i * t->size); }

static bool is_whole(const struct taken *t, const struct fuse_in_header *h) { return h->len >= sizeof *h && h->len <= t->size; }

static void clear(struct taken *t, int i)
{
	__atomic_store_n(&head_of(t, i)->len, 0, __ATOMIC_RELEASE);
	t->slot[i] = (struct slot){.present = t->slot[i].present};
}

int taken_open(int memory, size_t request_max, struct taken **ret)
{
	size_t size = (request_max + PAGE - 1) / PAGE * PAGE;
	if (ftruncate(memory, (off_t)(size * TAKEN_MAX)) < 0)
		return -errno;
	autofree struct taken *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->at = mmap(NULL, size * TAKEN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (t->at == MAP_FAILED)
		return -errno;
	t->size = size;
	t->memory = memory;
	pthread_mutex_init(&t->lock, NULL);
	for (int i = 0; i < TAKEN_MAX; i++) {
		const struct fuse_in_header *h = head_of(t, i);
		t->slot[i] = (struct slot){.unique = h->unique, .busy = is_whole(t, h), .old = is_whole(t, h)};
	}
	*ret = t;
	t = NULL;
	return 0;
}

void taken_free(struct taken *t)
{
	if (!t)
		return;
	munmap(t->at, t->size * TAKEN_MAX);
	close(t->memory);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void taken_discard(struct taken *t)
{
	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < TAKEN_MAX; i++)
		if (t->slot[i].old)
			clear(t, i);
	pthread_mutex_unlock(&t->lock);
}

/* What an earlier process left, in the kernel's order; else the lowest free one, so that few pages are ever used. -1: all are busy. */
static int choose(struct taken *t, bool *old)
{
	int oldest = -1, unused = -1;
	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < TAKEN_MAX; i++) {
		if (t->slot[i].old && (oldest < 0 || t->slot[i].unique < t->slot[oldest].unique))
			oldest = i;
		if (!t->slot[i].busy && unused < 0)
			unused = i;
	}
	int chosen = oldest >= 0 ? oldest : unused;
	if (chosen >= 0) {
		t->slot[chosen].busy = true;
		t->slot[chosen].old = false;
	}
	pthread_mutex_unlock(&t->lock);
	*old = oldest >= 0;
	return chosen;
}

static bool has_answer(uint32_t opcode) { return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET && opcode != FUSE_INTERRUPT; }

/* A page that is missing while the kernel copies would tear the request in two if the process were killed just then. */
static void make_present(struct taken *t, int i)
{
	if (!t->slot[i].present && madvise(head_of(t, i), t->size, MADV_POPULATE_WRITE) == 0)
		t->slot[i].present = true;
}

/* Copied before it is let go: another thread may read into a free slot. */
static ssize_t read_into(struct taken *t, int i, int fd, void *buf, size_t len)
{
	struct fuse_in_header *h = head_of(t, i);
	make_present(t, i);
	ssize_t n = read(fd, h, t->size);
	int err = errno;
	if (n > 0 && (size_t)n <= len)
		memcpy(buf, h, (size_t)n);
	pthread_mutex_lock(&t->lock);
	if (n < (ssize_t)sizeof *h || !has_answer(h->opcode))
		clear(t, i);
	else
		t->slot[i].unique = h->unique;
	pthread_mutex_unlock(&t->lock);
	errno = err;
	return n;
}

ssize_t taken_read(struct taken *t, int fd, void *buf, size_t len, bool *again)
{
	int i = choose(t, again);
	if (i < 0)
		return read(fd, buf, len);
	if (!*again)
		return read_into(t, i, fd, buf, len);
	size_t n = head_of(t, i)->len;
	memcpy(buf, head_of(t, i), n < len ? n : len);
	return (ssize_t)n;
}

void taken_answered(struct taken *t, uint64_t unique)
{
	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < TAKEN_MAX; i++)
		if (t->slot[i].busy && t->slot[i].unique == unique)
			clear(t, i);
	pthread_mutex_unlock(&t->lock);
}
