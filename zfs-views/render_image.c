/* Images, apps and nodes.
 *
 * Knows an image as `<sha256 of its manifest>.tar` below the images directory, an OCI archive whose blobs were verified when it came in;
 * the manifest is found by its member name. Knows apps and nodes by their facts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "zfs-views/render.h"
#include "zfs-views/sorted.h"

#define TAR_BLOCK 512
#define TAR_MEMBERS_MAX 4096
#define MANIFEST_MAX (4u << 20)

static int image_open(const struct view *v, const struct node *n)
{
	char path[2 * 32 + sizeof ".tar"];
	hex_encode(n->object.b, 32, path);
	strcat(path, ".tar");
	return beneath_open(v->images_fd, path);
}

/* Finds member blobs/sha256/<digest>; its place and length, false if it is not there. */
static bool find_blob(int fd, const struct id *digest, off_t *at, size_t *len)
{
	char want[sizeof "blobs/sha256/" + 64], head[TAR_BLOCK];
	off_t pos = 0;
	strcpy(want, "blobs/sha256/");
	hex_encode(digest->b, 32, want + strlen(want));
	for (int i = 0; i < TAR_MEMBERS_MAX && pread(fd, head, sizeof head, pos) == (ssize_t)sizeof head && head[0]; i++) {
		char size[13] = "", *name = head;
		memcpy(size, head + 124, 12);
		unsigned long long n = strtoull(size, NULL, 8);
		head[100] = 0;
		if (strncmp(name, "./", 2) == 0)
			name += 2;
		if (strcmp(name, want) == 0) {
			*at = pos + TAR_BLOCK;
			*len = (size_t)n;
			return n <= MANIFEST_MAX;
		}
		if (n > IMAGE_ARCHIVE_MAX)
			return false;
		pos += TAR_BLOCK + (off_t)((n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK);
	}
	return false;
}

int render_image_manifest(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	off_t at;
	size_t len;
	(void)uid;
	autoclose int fd = image_open(v, n);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (!find_blob(fd, &n->object, &at, &len))
		return -EBADMSG;
	autofree char *bytes = must_alloc(len, 1);
	if (pread(fd, bytes, len, at) != (ssize_t)len)
		return -EIO;
	page_put(out, bytes, len);
	return 0;
}

int render_image_state(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	autoclose int fd = image_open(v, n);
	page_add(out, "%s\n", fd >= 0 ? "present" : "absent");
	return 0;
}

int render_image_size(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct stat st;
	(void)uid;
	autoclose int fd = image_open(v, n);
	if (fd >= 0 && fstat(fd, &st) == 0)
		page_add(out, "%lld\n", (long long)st.st_size);
	else
		page_add(out, "-\n");
	return 0;
}

int render_app_image(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_app *a = model_app(v->model, n->name);
	(void)uid;
	if (!a)
		return -ENOENT;
	page_add(out, "sha256:");
	page_hex(out, a->image, sizeof a->image);
	page_add(out, "\n");
	return 0;
}

int render_app_developer(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_app *a = model_app(v->model, n->name);
	(void)uid;
	if (!a)
		return -ENOENT;
	page_account(out, v, &a->owner);
	page_add(out, "\n");
	return 0;
}

static void put_strings(struct page *out, const char *name, const char *const *s, uint32_t n)
{
	page_add(out, ",\"%s\":[", name);
	for (uint32_t i = 0; i < n; i++) {
		page_add(out, "%s", i ? "," : "");
		page_json(out, s[i], strlen(s[i]));
	}
	page_add(out, "]");
}

int render_app_manifest(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	size_t cap = DEPLOY_MAX + 512;
	autofree char *text = must_alloc(cap, 1);
	autofree struct deploy *d = must_alloc(1, sizeof *d);
	const struct fact_app *a = model_app(v->model, n->name);
	(void)uid;
	if (!a)
		return -ENOENT;
	page_add(out, "{\"name\":\"%s\",\"image\":\"sha256:", a->name);
	page_hex(out, a->image, sizeof a->image);
	page_add(out, "\"");
	if (a->meta.len && deploy_get(a->meta, d, text, cap)) {
		page_add(out, ",\"cwd\":");
		page_json(out, d->cwd, strlen(d->cwd));
		put_strings(out, "args", d->args, d->nargs);
		put_strings(out, "env", d->env, d->nenv);
	}
	page_add(out, "}\n");
	return 0;
}

int render_app_terms(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_app *a = model_app(v->model, n->name);
	(void)uid;
	if (!a)
		return -ENOENT;
	page_add(out, "contract ");
	if (id_is_zero(&a->contract))
		page_add(out, "lease-standard");
	else
		page_hex(out, a->contract.b, sizeof a->contract.b);
	page_add(out, "\nprice 0.00000000\n");
	return 0;
}

/* "cpu total=8 free=3.5", one line for each kind that the node has. */
static int put_capacity(const struct view *v, const struct node *n, struct page *out)
{
	char num[TEXT_NUM];
	const struct fact_node *f = model_node(v->model, &n->object);
	if (!f)
		return -ENOENT;
	for (int i = 0; i < RESOURCES; i++) {
		enum resource_kind k = (enum resource_kind)i;
		if (!f->caps.v[i] || !resource_word(k))
			continue;
		page_add(out, "%s total=%s", resource_word(k), resource_text(k, f->caps.v[i], num));
		page_add(out, " free=%s\n", resource_text(k, f->free.v[i], num));
	}
	return 0;
}

int render_node_capacity(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	return put_capacity(v, n, out);
}

int render_node_free(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	return put_capacity(v, n, out);
}

int render_node_rating(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_node *f = model_node(v->model, &n->object);
	(void)uid;
	if (!f)
		return -ENOENT;
	page_add(out, "%u\n", f->rating);
	return 0;
}

int render_node_owner(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_node *f = model_node(v->model, &n->object);
	(void)uid;
	if (!f)
		return -ENOENT;
	page_account(out, v, &f->owner);
	page_add(out, "\n");
	return 0;
}
