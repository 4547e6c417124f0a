/* Golden vectors for the tests: files of "name hex" lines below tests/vectors.
 *
 * Knows where they are and what must hold of every canonical format. Does not know any format: the test hands in a function
 * that reads and writes again. */
#include "tests/vector.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vector_fill(void *p, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)p)[i] = (uint8_t)(first + i);
}

static void vector_path(const char *file, char out[512])
{
	const char *top = getenv("top_srcdir");
	snprintf(out, 512, "%s/tests/vectors/%s", top ? top : ".", file);
}

/* The hex of name, in a line buffer that the caller frees, or NULL. */
static char *vector_find(const char *file, const char *name, char **line)
{
	char path[512];
	size_t cap = 0, len = strlen(name);
	vector_path(file, path);
	FILE *f = fopen(path, "r");
	*line = NULL;
	while (f && getline(line, &cap, f) > 0) {
		(*line)[strcspn(*line, "\n")] = '\0';
		if (strncmp(*line, name, len) == 0 && (*line)[len] == ' ') {
			fclose(f);
			return *line + len + 1;
		}
	}
	if (f)
		fclose(f);
	return NULL;
}

static void vector_append(const char *file, const char *name, const char *hex)
{
	char path[512];
	vector_path(file, path);
	FILE *f = fopen(path, "a");
	ck_assert_msg(f != NULL, "%s cannot be written", path);
	fprintf(f, "%s %s\n", name, hex);
	fclose(f);
}

static void hold_golden(const char *file, const char *name, const struct wbuf *w)
{
	char *line, *hex = malloc(2 * w->len + 1);
	hex_encode(w->p, w->len, hex);
	char *golden = vector_find(file, name, &line);
	if (!golden && getenv("ZEUS_VECTORS_WRITE"))
		vector_append(file, name, hex);
	else
		ck_assert_msg(golden && strcmp(golden, hex) == 0, "%s: %s is not encoded as it was: %s", file, name, hex);
	free(line);
	free(hex);
}

static bool same_again(const uint8_t *p, size_t len, vector_again again, bool *refused)
{
	static uint8_t room[VECTOR_MAX];
	struct wbuf out = wbuf_on(room, sizeof room);
	*refused = !again((struct slice){p, len}, &out);
	return !*refused && !out.bad && out.len == len && memcmp(room, p, len) == 0;
}

/* Copied to a block of exactly that size, so that a sanitizer sees a read beyond it. */
static bool accepted(const uint8_t *p, size_t len, vector_again again)
{
	bool refused;
	uint8_t *exact = malloc(len ? len : 1);
	memcpy(exact, p, len);
	same_again(exact, len, again, &refused);
	free(exact);
	return !refused;
}

void vector_hold(const char *file, const char *name, const struct wbuf *w, vector_again again)
{
	bool refused;
	ck_assert_msg(!w->bad && w->len < VECTOR_MAX, "%s: %s could not be encoded", file, name);
	hold_golden(file, name, w);
	ck_assert_msg(same_again(w->p, w->len, again, &refused), "%s: %s read and written again differs", file, name);
	for (size_t len = 0; len < w->len; len++)
		ck_assert_msg(!accepted(w->p, len, again), "%s: %s cut to %zu bytes was accepted", file, name, len);
	uint8_t *more = malloc(w->len + 1);
	memcpy(more, w->p, w->len);
	for (int extra = 0; extra < 256; extra++) {
		more[w->len] = (uint8_t)extra;
		ck_assert_msg(!accepted(more, w->len + 1, again), "%s: %s with a trailing %02x was accepted", file, name, extra);
	}
	for (size_t bit = 0; bit < 8 * w->len; bit++) {
		more[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bool same = same_again(more, w->len, again, &refused);
		ck_assert_msg(refused || same, "%s: %s with bit %zu flipped has two spellings", file, name, bit);
		more[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(more);
}
