/* From an uploaded tar to the digest of its manifest and how its program is started: index.json -> manifest -> config.
 *
 * Nothing is unpacked here; the layers are only hashed. Believes no name, size or media type that was not checked: each blob's SHA-256 is
 * its name, each descriptor's size is the blob's, and whatever is not part of such a layout is refused. The only user of jansson. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "zfs-views/archive.h"
#include "zfs-views/tar.h"

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"
#define BLOBS "blobs/sha256/"

static void cleanup_json(json_t **j) { json_decref(*j); }
#define autojson __attribute__((cleanup(cleanup_json)))

struct reader { int fd; struct tar *tar; struct refusal *why; };

static bool bad(const struct reader *r, const char *text)
{
	return refuse(r->why, EBADMSG, -1, "not an OCI archive that can be used: %s", text);
}

static bool hash_entry(const struct reader *r, const struct tar_entry *e, uint8_t out[32])
{
	enum { CHUNK = 1 << 16 };
	autofree uint8_t *buf = malloc(CHUNK);
	struct sha256 s;
	sha256_init(&s);
	for (uint64_t at = 0; buf && at < e->size;) {
		size_t want = e->size - at < CHUNK ? (size_t)(e->size - at) : CHUNK;
		ssize_t n = pread(r->fd, buf, want, (off_t)(e->offset + at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return refuse(r->why, EIO, -1, "the upload cannot be read back");
		sha256_add(&s, buf, (size_t)n);
		at += (uint64_t)n;
	}
	sha256_end(&s, out);
	return buf || refuse(r->why, EIO, -1, "out of memory");
}

static bool check_blob(const struct reader *r, const struct tar_entry *e)
{
	uint8_t named[32], is[32];
	if (!hex_decode(e->name + strlen(BLOBS), named, sizeof named))
		return bad(r, "a blob's name is no SHA-256");
	if (!hash_entry(r, e, is))
		return false;
	return memcmp(named, is, sizeof is) == 0 || bad(r, "a blob does not have the digest it is named after");
}

/* Every entry is either known by name or a blob whose name is right. */
static bool check_entries(const struct reader *r)
{
	static const char *const known[] = {"oci-layout", "index.json", "manifest.json", "repositories"};
	uint32_t blobs = 0;
	for (uint32_t i = 0; i < r->tar->n; i++) {
		const struct tar_entry *e = &r->tar->entry[i];
		bool ok = false;
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			ok |= strcmp(e->name, known[k]) == 0;
		if (ok)
			continue;
		if (strncmp(e->name, BLOBS, strlen(BLOBS)) != 0)
			return bad(r, "it holds files that do not belong in an image layout");
		if (++blobs > IMAGE_BLOBS_MAX)
			return bad(r, "it has too many blobs");
		if (!check_blob(r, e))
			return false;
	}
	return true;
}

static json_t *load_entry(const struct reader *r, const struct tar_entry *e)
{
	if (!e || e->size > ARCHIVE_JSON_MAX) {
		bad(r, e ? "a JSON document is too large" : "a document that it names is missing");
		return NULL;
	}
	autofree char *text = malloc(e->size + 1);
	if (!text || pread(r->fd, text, e->size, (off_t)e->offset) != (ssize_t)e->size) {
		refuse(r->why, EIO, -1, "the upload cannot be read back");
		return NULL;
	}
	json_t *j = json_loadb(text, e->size, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(j)) {
		json_decref(j);
		bad(r, "a JSON document in it cannot be parsed");
		return NULL;
	}
	return j;
}

/* The blob that a descriptor names; its size must be what the descriptor says. */
static const struct tar_entry *described(const struct reader *r, const json_t *descriptor, const char *type, bool prefix)
{
	const char *media = json_string_value(json_object_get(descriptor, "mediaType")),
		   *digest = json_string_value(json_object_get(descriptor, "digest"));
	const json_t *size = json_object_get(descriptor, "size");
	char name[TAR_NAME_MAX + 1];
	if (!media || !digest || !json_is_integer(size) || strncmp(digest, "sha256:", 7) != 0 || strlen(digest) != 7 + 64) {
		bad(r, "a descriptor lacks mediaType, digest or size");
		return NULL;
	}
	if (prefix ? strncmp(media, type, strlen(type)) != 0 : strcmp(media, type) != 0) {
		refuse(r->why, EBADMSG, -1, "not an OCI archive that can be used: media type %.100s where %s is wanted", media, type);
		return NULL;
	}
	snprintf(name, sizeof name, "%s%s", BLOBS, digest + 7);
	const struct tar_entry *e = tar_find(r->tar, name);
	if (!e)
		bad(r, "a blob that it names is missing");
	else if ((uint64_t)json_integer_value(size) != e->size)
		bad(r, "a blob does not have the size that its descriptor says");
	else
		return e;
	return NULL;
}

/* What uname calls the machine, in the words of OCI. */
static const char *architecture(void)
{
	static const char *const words[][2] = {
	    {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"riscv64", "riscv64"}, {"ppc64le", "ppc64le"}, {"s390x", "s390x"}};
	struct utsname u;
	if (uname(&u) == 0)
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
			if (strcmp(u.machine, words[i][0]) == 0)
				return words[i][1];
	return "unknown";
}

static bool platform_fits(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *os = json_string_value(json_object_get(platform, "os")),
		   *arch = json_string_value(json_object_get(platform, "architecture"));
	return !platform || (os && arch && strcmp(os, "linux") == 0 && strcmp(arch, architecture()) == 0);
}

/* The one manifest of an index that suits this machine. */
static const struct tar_entry *pick_manifest(const struct reader *r, const json_t *index)
{
	const json_t *list = json_object_get(index, "manifests"), *found = NULL;
	const char *media = json_string_value(json_object_get(index, "mediaType"));
	size_t i, fitting = 0;
	json_t *m;
	if (!json_is_array(list) || (media && strcmp(media, INDEX_TYPE) != 0) ||
	    json_integer_value(json_object_get(index, "schemaVersion")) != 2) {
		bad(r, "index.json is no image index");
		return NULL;
	}
	json_array_foreach((json_t *)list, i, m) {
		if (platform_fits(m)) {
			found = m;
			fitting++;
		}
	}
	if (fitting != 1) {
		bad(r,
		    fitting ? "it holds several images for this machine; export one" : "it holds no image for this machine's architecture");
		return NULL;
	}
	return described(r, found, MANIFEST_TYPE, false);
}

static bool check_layers(const struct reader *r, const json_t *manifest, size_t *count)
{
	const json_t *layers = json_object_get(manifest, "layers");
	size_t i;
	json_t *layer;
	if (!json_is_array(layers) || json_array_size(layers) == 0 || json_array_size(layers) > IMAGE_BLOBS_MAX)
		return bad(r, "the manifest has no layers, or too many");
	json_array_foreach((json_t *)layers, i, layer) {
		if (!described(r, layer, LAYER_TYPE, true))
			return false;
	}
	*count = json_array_size(layers);
	return true;
}

struct room { char *p; size_t left; };

static const char *keep(struct room *room, const char *s)
{
	size_t n = strlen(s) + 1;
	if (n > room->left)
		return NULL;
	char *at = memcpy(room->p, s, n);
	room->p += n;
	room->left -= n;
	return at;
}

static bool keep_list(const struct reader *r, const json_t *list, uint32_t max, const char **out, uint32_t *n, struct room *room)
{
	size_t i;
	json_t *item;
	if (!list || json_is_null(list))
		return true;
	if (!json_is_array(list))
		return bad(r, "Entrypoint, Cmd or Env is no list");
	json_array_foreach((json_t *)list, i, item) {
		const char *s = json_string_value(item);
		if (!s || *n == max || !(out[*n] = keep(room, s)))
			return bad(r, "Entrypoint, Cmd or Env is too long");
		++*n;
	}
	return true;
}

static bool read_start(const struct reader *r, const json_t *config, struct archive *out)
{
	struct deploy *d = &out->deploy;
	struct room room = {out->text, sizeof out->text};
	const json_t *c = json_object_get(config, "config");
	const char *cwd = json_string_value(json_object_get(c, "WorkingDir"));
	if (cwd && (strlen(cwd) >= sizeof d->cwd || (*cwd && *cwd != '/')))
		return bad(r, "WorkingDir is no absolute path, or too long");
	strcpy(d->cwd, cwd ? cwd : "");
	if (!keep_list(r, json_object_get(c, "Entrypoint"), TASK_ARGS_MAX, d->args, &d->nargs, &room)
	    || !keep_list(r, json_object_get(c, "Cmd"), TASK_ARGS_MAX, d->args, &d->nargs, &room)
	    || !keep_list(r, json_object_get(c, "Env"), TASK_ENV_MAX, d->env, &d->nenv, &room))
		return false;
	for (uint32_t i = 0; i < d->nenv; i++)
		if (!strchr(d->env[i], '=') || d->env[i][0] == '=')
			return bad(r, "Env holds something that is not KEY=VALUE");
	return true;
}

static bool check_config(const struct reader *r, const json_t *config, size_t layers)
{
	const char *os = json_string_value(json_object_get(config, "os")),
		   *arch = json_string_value(json_object_get(config, "architecture"));
	const json_t *diffs = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	if (!os || !arch || strcmp(os, "linux") != 0 || strcmp(arch, architecture()) != 0)
		return refuse(r->why, EBADMSG, -1, "the image is for %.20s/%.20s, this machine is linux/%s", os ? os : "?",
		    arch ? arch : "?", architecture());
	return json_array_size(diffs) == layers || bad(r, "config and manifest do not name as many layers");
}

static bool fits_deploy(const struct reader *r, const struct archive *a)
{
	autofree uint8_t *bytes = malloc(APP_META_MAX);
	struct wbuf w = wbuf_on(bytes, bytes ? APP_META_MAX : 0);
	deploy_put(&w, &a->deploy);
	return !w.bad || bad(r, "Entrypoint, Cmd and Env together are too long");
}

static bool read_image(const struct reader *r, struct archive *out)
{
	autojson json_t *index = load_entry(r, tar_find(r->tar, "index.json"));
	const struct tar_entry *m = index ? pick_manifest(r, index) : NULL;
	autojson json_t *manifest = m ? load_entry(r, m) : NULL;
	size_t layers = 0;
	if (!manifest || !check_layers(r, manifest, &layers))
		return false;
	const struct tar_entry *c = described(r, json_object_get(manifest, "config"), CONFIG_TYPE, false);
	autojson json_t *config = c ? load_entry(r, c) : NULL;
	if (!config || !check_config(r, config, layers) || !read_start(r, config, out))
		return false;
	strcpy(out->hex, m->name + strlen(BLOBS));
	strcpy(out->deploy.image, out->hex);
	return hex_decode(out->hex, out->manifest, sizeof out->manifest) && fits_deploy(r, out);
}

bool archive_verify(int fd, struct archive *out, struct refusal *why)
{
	autofree struct tar *tar = malloc(sizeof *tar);
	struct reader r = {fd, tar, why};
	*why = (struct refusal){.column = -1};
	memset(&out->deploy, 0, sizeof out->deploy);
	if (!tar)
		return refuse(why, EIO, -1, "out of memory");
	return tar_index(fd, tar, why) && check_entries(&r) && read_image(&r, out);
}
