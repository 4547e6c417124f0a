/* A reader of tar headers for files that strangers upload.
 *
 * Knows ustar, pax `path` and `size`, and GNU long names; reads headers only and never creates anything. All sizes are checked against the
 * file's own before they are used. What a name means is the caller's affair, but no name that leaves its place gets through. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "zfs-views/tar.h"

#define BLOCK 512
#define EXTENDED_MAX 65536

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2], uname[32],
	    gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

/* What an extended header says about the next entry. */
struct extended { char path[TAR_NAME_MAX + 2]; bool has_path, has_size; uint64_t size; };

static bool bad(struct refusal *why, const char *text) { return refuse(why, EBADMSG, -1, "the archive is damaged: %s", text); }

static bool read_at(int fd, void *p, size_t len, uint64_t off)
{
	for (size_t have = 0; have < len;) {
		ssize_t n = pread(fd, (char *)p + have, len - have, (off_t)(off + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static bool octal(const char *p, size_t len, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;
	while (i < len && p[i] == ' ')
		i++;
	if (i == len || p[i] < '0' || p[i] > '7')
		return false;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++) {
		if (v >> 60)
			return false;
		v = v << 3 | (uint64_t)(p[i] - '0');
	}
	*out = v;
	return i == len || p[i] == 0 || p[i] == ' ';
}

/* Octal, or with the top bit set 64 bits of big-endian binary, as GNU tar writes what does not fit. */
static bool number(const char *p, size_t len, uint64_t *out)
{
	if (!((unsigned char)p[0] & 0x80))
		return octal(p, len, out);
	uint64_t v = 0;
	for (size_t i = 1; i < len; i++) {
		if (v >> 55)
			return false;
		v = v << 8 | (unsigned char)p[i];
	}
	*out = v;
	return (unsigned char)p[0] == 0x80;
}

static bool checksum_ok(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	uint64_t want, sum = 0;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= offsetof(struct header, checksum) && i < offsetof(struct header, type) ? ' ' : p[i];
	return octal(h->checksum, sizeof h->checksum, &want) && want == sum;
}

static bool all_zero(const struct header *h)
{
	static const struct header zero;
	return memcmp(h, &zero, BLOCK) == 0;
}

/* No component may be `..`, none may come from the root. `./` in front is dropped. */
static const char *sound_name(char *name)
{
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	size_t len = strlen(name);
	while (len && name[len - 1] == '/')
		name[--len] = 0;
	if (name[0] == '/' || len > TAR_NAME_MAX)
		return NULL;
	for (const char *c = name; c; c = strchr(c, '/') ? strchr(c, '/') + 1 : NULL)
		if (strncmp(c, "..", 2) == 0 && (c[2] == 0 || c[2] == '/'))
			return NULL;
	return name;
}

static bool name_of(const struct header *h, const struct extended *x, char out[TAR_NAME_MAX + 160])
{
	if (x->has_path) {
		strcpy(out, x->path);
		return true;
	}
	size_t prefix = memcmp(h->magic, "ustar", 5) == 0 && memcmp(h->magic, "ustar ", 6) != 0 ? strnlen(h->prefix, sizeof h->prefix) : 0;
	size_t name = strnlen(h->name, sizeof h->name);
	memcpy(out, h->prefix, prefix);
	if (prefix)
		out[prefix++] = '/';
	memcpy(out + prefix, h->name, name);
	out[prefix + name] = 0;
	return true;
}

/* One "LEN key=value\n" record of a pax header; *p moves on. */
static bool pax_record(char **p, const char *end, struct extended *x)
{
	char *rest;
	unsigned long len = strtoul(*p, &rest, 10);
	if (rest == *p || *rest != ' ' || len < 5 || len > (unsigned long)(end - *p) || (*p)[len - 1] != '\n')
		return false;
	(*p)[len - 1] = 0;
	char *key = rest + 1, *eq = strchr(key, '=');
	*p += len;
	if (!eq)
		return false;
	*eq = 0;
	if (strcmp(key, "path") == 0) {
		if (strlen(eq + 1) > TAR_NAME_MAX)
			return false;
		strcpy(x->path, eq + 1);
		x->has_path = true;
	} else if (strcmp(key, "size") == 0) {
		x->size = strtoull(eq + 1, &rest, 10);
		x->has_size = *rest == 0 && eq[1] >= '0' && eq[1] <= '9';
		return x->has_size;
	}
	return strncmp(key, "GNU.sparse", 10) != 0;
}

static bool read_extended(int fd, char type, uint64_t at, uint64_t size, struct extended *x, struct refusal *why)
{
	if (size > EXTENDED_MAX)
		return bad(why, "an extended header is too long");
	autofree char *text = malloc(size + 1);
	if (!text || !read_at(fd, text, size, at))
		return bad(why, "it ends too soon");
	text[size] = 0;
	if (type == 'L') {
		if (strlen(text) > TAR_NAME_MAX)
			return bad(why, "a name is too long");
		strcpy(x->path, text);
		x->has_path = true;
		return true;
	}
	for (char *p = text; type == 'x' && p < text + size;)
		if (!pax_record(&p, text + size, x))
			return bad(why, "an extended header is not in order");
	return true;
}

const struct tar_entry *tar_find(const struct tar *t, const char *name)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (strcmp(t->entry[i].name, name) == 0)
			return &t->entry[i];
	return NULL;
}

static bool add_entry(struct tar *t, const struct header *h, const struct extended *x, uint64_t at, uint64_t size, struct refusal *why)
{
	char raw[TAR_NAME_MAX + 160];
	name_of(h, x, raw);
	const char *name = sound_name(raw);
	if (!name)
		return bad(why, "a name in it leads out of its place");
	if (h->type == '5' || *name == 0)
		return true;
	if (h->type != '0' && h->type != 0)
		return bad(why, "it holds something that is neither a file nor a directory");
	if (tar_find(t, name))
		return bad(why, "a name comes twice");
	if (t->n == ARCHIVE_ENTRIES_MAX)
		return bad(why, "it has too many entries");
	struct tar_entry *e = &t->entry[t->n++];
	strcpy(e->name, name);
	e->offset = at;
	e->size = size;
	return true;
}

bool tar_index(int fd, struct tar *out, struct refusal *why)
{
	struct stat st;
	struct extended x = {0};
	out->n = 0;
	if (fstat(fd, &st) < 0)
		return refuse(why, EIO, -1, "the upload cannot be read back");
	uint64_t end = (uint64_t)st.st_size, at = 0;
	for (uint32_t headers = 0;; headers++) {
		struct header h;
		uint64_t size;
		if (headers > 3 * ARCHIVE_ENTRIES_MAX)
			return bad(why, "it has too many entries");
		if (!read_at(fd, &h, sizeof h, at))
			return bad(why, "it ends too soon");
		if (all_zero(&h))
			return true;
		if (!checksum_ok(&h) || !number(h.size, sizeof h.size, &size))
			return bad(why, "it is no tar file");
		bool extended = h.type == 'x' || h.type == 'g' || h.type == 'L';
		if (x.has_size && !extended)
			size = x.size;
		at += BLOCK;
		if (at > end || size > end - at)
			return bad(why, "it ends too soon");
		if (extended ? !read_extended(fd, h.type, at, size, &x, why) : !add_entry(out, &h, &x, at, size, why))
			return false;
		if (!extended)
			x = (struct extended){0};
		at += (size + BLOCK - 1) / BLOCK * BLOCK;
	}
}
