/* Uploaded images.
 *
 * One good archive, and every way of being bad that was thought of. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "ledger/crypto/hash.h"
#include "zfs-views/archive.h"

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"

static FILE *f;
static struct archive image;
static struct refusal why;
static char layer_hex[65], config_hex[65], manifest_hex[65];
/* What a case does differently. */
static const char *config_type, *arch, *extra_config, *layer_size;
static bool corrupt_layer, drop_layer;

static void setup(void)
{
	f = tmpfile();
	ck_assert_ptr_nonnull(f);
	config_type = CONFIG_TYPE;
	arch = NULL;
	layer_size = "5";
	extra_config = "\"Entrypoint\":[\"/bin/demo\"],\"Cmd\":[\"-v\"],\"Env\":[\"PATH=/bin\"],\"WorkingDir\":\"/srv\"";
	corrupt_layer = drop_layer = false;
}

static void teardown(void) { fclose(f); }

static void put_type(const char *name, const void *p, size_t len, char type)
{
	unsigned char h[512] = {0};
	unsigned sum = 0;
	memcpy(h, name, strlen(name) < 100 ? strlen(name) : 100);
	sprintf((char *)h + 100, "0000644");
	sprintf((char *)h + 124, "%011zo", len);
	sprintf((char *)h + 136, "00000000000");
	memset(h + 148, ' ', 8);
	h[156] = (unsigned char)type;
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < 512; i++)
		sum += h[i];
	sprintf((char *)h + 148, "%06o", sum);
	fwrite(h, 1, 512, f);
	fwrite(p, 1, len, f);
	static const char zero[512];
	fwrite(zero, 1, (512 - len % 512) % 512, f);
}

static void put(const char *name, const char *text) { put_type(name, text, strlen(text), '0'); }

static void put_digest(const char *text, char *hex, bool corrupt, bool drop)
{
	struct sha256 s;
	uint8_t sum[32];
	char name[100];
	sha256_init(&s);
	sha256_add(&s, text, strlen(text));
	sha256_end(&s, sum);
	hex_encode(sum, 32, hex);
	snprintf(name, sizeof name, "blobs/sha256/%s", hex);
	if (!drop)
		put(name, corrupt ? "LAYER" : text);
}

static void finish(void)
{
	static const char zero[1024];
	fwrite(zero, 1, sizeof zero, f);
	fflush(f);
}

static const char *machine(void)
{
	static struct utsname u;
	uname(&u);
	return strcmp(u.machine, "x86_64") == 0 ? "amd64" : strcmp(u.machine, "aarch64") == 0 ? "arm64" : u.machine;
}

static void put_image(void)
{
	char config[4096], manifest[4096], index[4096];
	put_type("blobs/", "", 0, '5');
	put("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	put_digest("layer", layer_hex, corrupt_layer, drop_layer);
	snprintf(config, sizeof config,
	    "{\"os\":\"linux\",\"architecture\":\"%s\",\"config\":{%s},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:x\"]}}",
	    arch ? arch : machine(), extra_config);
	put_digest(config, config_hex, false, false);
	snprintf(manifest, sizeof manifest,
	    "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
	    "\"" LAYER_TYPE "\",\"digest\":\"sha256:%s\",\"size\":%s}]}",
	    config_type, config_hex, strlen(config), layer_hex, layer_size);
	put_digest(manifest, manifest_hex, false, false);
	snprintf(index, sizeof index, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE "\",\"manifests\":[{\"mediaType\":\"" MANIFEST_TYPE
		 "\",\"digest\":\"sha256:%s\",\"size\":%zu}]}", manifest_hex, strlen(manifest));
	put("index.json", index);
}

static bool verified(void) { return archive_verify(fileno(f), &image, &why); }

static void refused(void)
{
	finish();
	ck_assert(!verified());
	ck_assert_int_eq(why.err, EBADMSG);
	ck_assert_uint_gt(strlen(why.text), 10);
}

START_TEST(good)
{
	put_image();
	finish();
	ck_assert_msg(verified(), "%s", why.text);
	ck_assert_str_eq(image.hex, manifest_hex);
	ck_assert_uint_eq(image.deploy.nargs, 2);
	ck_assert_str_eq(image.deploy.args[0], "/bin/demo");
	ck_assert_str_eq(image.deploy.args[1], "-v");
	ck_assert_str_eq(image.deploy.env[0], "PATH=/bin");
	ck_assert_str_eq(image.deploy.cwd, "/srv");
}
END_TEST

START_TEST(pax_name)
{
	char record[128];
	put_image();
	snprintf(record, sizeof record, "%d path=repositories\n", 21);
	put_type("x", record, 21, 'x');
	put_type("short", "{}", 2, '0');
	finish();
	ck_assert_msg(verified(), "%s", why.text);
}
END_TEST

START_TEST(corrupt) { corrupt_layer = true; put_image(); refused(); } END_TEST
START_TEST(missing_blob) { drop_layer = true; put_image(); refused(); } END_TEST
START_TEST(wrong_size) { layer_size = "6"; put_image(); refused(); } END_TEST
START_TEST(wrong_media_type) { config_type = "application/vnd.docker.container.image.v1+json"; put_image(); refused(); } END_TEST
START_TEST(wrong_architecture) { arch = "m68k"; put_image(); refused(); } END_TEST
START_TEST(relative_cwd) { extra_config = "\"WorkingDir\":\"../..\""; put_image(); refused(); } END_TEST
START_TEST(bad_env) { extra_config = "\"Env\":[\"=x\"]"; put_image(); refused(); } END_TEST
START_TEST(bad_args) { extra_config = "\"Cmd\":\"rm -r /\""; put_image(); refused(); } END_TEST
START_TEST(duplicate_key) { extra_config = "\"Cmd\":[\"a\"],\"Cmd\":[\"b\"]"; put_image(); refused(); } END_TEST
START_TEST(foreign_file) { put_image(); put("etc/passwd", "x"); refused(); } END_TEST
START_TEST(traversal) { put_image(); put("blobs/../../x", "x"); refused(); } END_TEST
START_TEST(absolute) { put_image(); put("/oci-layout", "x"); refused(); } END_TEST
START_TEST(link_entry) { put_image(); put_type("blobs/sha256/l", "", 0, '2'); refused(); } END_TEST
START_TEST(device_entry) { put_image(); put_type("d", "", 0, '3'); refused(); } END_TEST
START_TEST(twice) { put_image(); put("index.json", "{}"); refused(); } END_TEST
START_TEST(empty) { refused(); } END_TEST
START_TEST(no_tar) { for (int i = 0; i < 2000; i++) fputs("garbage", f); refused(); } END_TEST

START_TEST(truncated)
{
	put_image();
	fflush(f);
	ck_assert_int_eq(ftruncate(fileno(f), ftell(f) - 700), 0);
	ck_assert(!verified() && why.err == EBADMSG);
}
END_TEST

START_TEST(no_end)
{
	put_image();
	fflush(f);
	ck_assert(!verified() && why.err == EBADMSG);
}
END_TEST

START_TEST(huge_size) /* a header that promises more than there is */
{
	put_image();
	long at = ftell(f);
	put("oci-layout2", "x");
	char size[13];
	memset(size, '7', 11);
	size[11] = 0;
	fseek(f, at + 124, SEEK_SET);
	fwrite(size, 1, 12, f);
	fseek(f, 0, SEEK_END);
	refused();
}
END_TEST

START_TEST(too_many_entries)
{
	char name[32];
	put_image();
	for (int i = 0; i < ARCHIVE_ENTRIES_MAX + 10; i++) {
		snprintf(name, sizeof name, "f%d", i);
		put(name, "");
	}
	refused();
}
END_TEST

START_TEST(deep_json)
{
	static char text[20000];
	memset(text, '[', sizeof text - 1);
	put("index.json", text);
	refused();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("archive");
	TCase *c = tcase_create("archives");
	tcase_add_checked_fixture(c, setup, teardown);
	static const TTest *const *const all[] = {&good, &pax_name, &corrupt, &missing_blob, &wrong_size, &wrong_media_type,
	    &wrong_architecture, &relative_cwd, &bad_env, &bad_args, &duplicate_key, &foreign_file, &traversal, &absolute, &link_entry,
	    &device_entry, &twice, &empty, &no_tar, &truncated, &no_end, &huge_size, &too_many_entries, &deep_json};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		tcase_add_test(c, *all[i]);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
