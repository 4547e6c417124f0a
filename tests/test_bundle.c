/* config.json: what a task is given, read back from the text.
 *
 * It knows what the template promises: no privilege, namespaces of its own, a short list of system calls, no way to the host's files. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "kernel-facing/bundle.h"

static struct task_spec spec = {.nargs = 2, .args = {"/bin/sh", "say \"x\"\n"}, .nenv = 1, .env = {"A=b"}, .cwd = "/srv"};

static const struct gpu_node gpu0 = {{'c', 195, 0}, "gpu0"};

static struct bundle bundle(void)
{
	return (struct bundle){.spec = &spec, .root = "/b/merged", .netns = "/l/netns", .cgroup = "/zeus/00000000/lease-x/task",
	    .hostname = "x",
	    .uid_base = 900000, .dev_dir = "/b/dev", .ndevices = 1, .devices = &gpu0};
}

static json_t *load(const struct bundle *b)
{
	char *text = bundle_text(b);
	ck_assert_ptr_nonnull(text);
	json_t *j = json_loads(text, 0, NULL);
	free(text);
	ck_assert_ptr_nonnull(j);
	return j;
}

static json_t *at(json_t *j, const char *a, const char *b) { return json_object_get(json_object_get(j, a), b); }

static bool lists(const json_t *array, const char *key, const char *value)
{
	size_t i;
	json_t *v;
	json_array_foreach(array, i, v)
	{
		const char *s = json_string_value(key ? json_object_get(v, key) : v);
		if (s && !strcmp(s, value))
			return true;
	}
	return false;
}

START_TEST(process_has_no_privilege)
{
	struct bundle b = bundle();
	json_t *j = load(&b);
	static const char *const sets[] = {"bounding", "effective", "inheritable", "permitted", "ambient"};
	json_t *caps = at(j, "process", "capabilities");
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		ck_assert(json_is_array(json_object_get(caps, sets[i])));
		ck_assert_uint_eq(json_array_size(json_object_get(caps, sets[i])), 0);
	}
	ck_assert(json_is_true(at(j, "process", "noNewPrivileges")));
	ck_assert(json_is_false(at(j, "process", "terminal")));
	ck_assert_str_eq(json_string_value(json_array_get(at(j, "process", "args"), 1)), "say \"x\"\n");
	ck_assert(lists(at(j, "process", "env"), NULL, "A=b"));
	ck_assert_uint_eq(json_array_size(at(j, "process", "env")), 2); /* and a PATH */
	ck_assert_str_eq(json_string_value(at(j, "process", "cwd")), "/srv");
	json_decref(j);
}
END_TEST

START_TEST(every_namespace_is_its_own)
{
	static const char *const types[] = {"pid", "ipc", "uts", "mount", "cgroup", "user", "network"};
	struct bundle b = bundle();
	json_t *j = load(&b), *ns = at(j, "linux", "namespaces");
	ck_assert_uint_eq(json_array_size(ns), sizeof types / sizeof *types);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		ck_assert(lists(ns, "type", types[i]));
	ck_assert(lists(ns, "path", "/l/netns"));
	json_t *map = json_array_get(at(j, "linux", "uidMappings"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(map, "hostID")), 900000);
	ck_assert_int_eq(json_integer_value(json_object_get(map, "containerID")), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(map, "size")), 65536);
	json_decref(j);
}
END_TEST

START_TEST(template_opens_no_door)
{
	struct bundle b = bundle();
	json_t *j = load(&b);
	ck_assert_ptr_null(json_object_get(j, "hooks"));
	ck_assert_ptr_null(json_object_get(j, "annotations"));
	ck_assert_ptr_null(at(j, "linux", "devices"));
	ck_assert_ptr_null(at(j, "linux", "resources")); /* limits are on the outer group, and a devices key breaks crun on v1 */
	ck_assert(lists(at(j, "linux", "maskedPaths"), NULL, "/proc/kcore"));
	ck_assert(lists(at(j, "linux", "readonlyPaths"), NULL, "/proc/sys"));
	json_t *mounts = json_object_get(j, "mounts");
	ck_assert(lists(mounts, "source", "/b/dev/gpu0"));
	ck_assert(lists(mounts, "destination", "/dev/gpu0"));
	ck_assert(!lists(mounts, "type", "sysfs"));
	ck_assert(!lists(mounts, "type", "cgroup"));
	size_t i;
	json_t *m;
	json_array_foreach(mounts, i, m)
	{
		bool bind = !strcmp(json_string_value(json_object_get(m, "type")), "bind");
		ck_assert(lists(json_object_get(m, "options"), NULL, "nosuid"));
		ck_assert(!bind || !strncmp(json_string_value(json_object_get(m, "source")), "/b/dev/", 7));
	}
	json_decref(j);
}
END_TEST

START_TEST(system_calls_are_a_list)
{
	static const char *const never[] = {"mount", "umount2", "unshare", "setns", "bpf", "keyctl", "ptrace", "io_uring_setup",
	    "open_tree", "kexec_load", "reboot"};
	struct bundle b = bundle();
	json_t *j = load(&b), *sc = at(j, "linux", "seccomp");
	ck_assert_str_eq(json_string_value(json_object_get(sc, "defaultAction")), "SCMP_ACT_ERRNO");
	size_t i;
	json_t *rule;
	json_array_foreach(json_object_get(sc, "syscalls"), i, rule)
		for (size_t k = 0; k < sizeof never / sizeof *never; k++)
			ck_assert_msg(!lists(json_object_get(rule, "names"), NULL, never[k]), "%s", never[k]);
	json_t *first = json_object_get(json_array_get(json_object_get(sc, "syscalls"), 0), "names");
	ck_assert(lists(first, NULL, "read") && lists(first, NULL, "execve") && !lists(first, NULL, "clone") && !lists(first, NULL,
	    "socket"));
	json_decref(j);
}
END_TEST

START_TEST(bad_text_is_refused)
{
	struct task_spec bad = spec;
	struct bundle b = bundle();
	bad.args[1] = "\xff\xfe";
	b.spec = &bad;
	ck_assert_ptr_null(bundle_text(&b));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bundle");
	TCase *c = tcase_create("config");
	tcase_add_test(c, process_has_no_privilege);
	tcase_add_test(c, every_namespace_is_its_own);
	tcase_add_test(c, template_opens_no_door);
	tcase_add_test(c, system_calls_are_a_list);
	tcase_add_test(c, bad_text_is_refused);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
