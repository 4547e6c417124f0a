/* What is found of GPUs, from trees laid out as the drivers lay them out.
 *
 * It knows those layouts (the texts are of real machines, their serials changed), the owner's choice, and what CDI may add. */
#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <jansson.h>
#include "kernel-facing/bundle.h"
#include "kernel-facing/device.h"
#include "kernel-facing/gpu.h"
#include "tests/scratch.h"

static char root[SCRATCH_LEN], proc[HOST_PATH], sys[HOST_PATH], dev[HOST_PATH], etc[HOST_PATH], run[HOST_PATH], fakes[HOST_PATH], why[512];
static struct gpu_config cfg;
static struct gpu_table *table;

static void setup(void)
{
	scratch_make(root);
	host_path(proc, "%s/proc", root);
	host_path(sys, "%s/sys", root);
	host_path(dev, "%s/dev", root);
	host_path(etc, "%s/etc", root);
	host_path(run, "%s/run", root);
	host_path(fakes, "%s/gpus", root);
	cfg = (struct gpu_config){.proc = proc, .sys = sys, .dev = dev, .cdi = {etc, run}, .wanted = "all", .fake_dir = fakes};
	table = NULL;
	mkdir(etc, 0755);
	mkdir(run, 0755);
}

static void teardown(void)
{
	kernel_gpus_free(table);
	scratch_remove(root);
}

/* Makes the file and the directories on the way to it. */
static void put(const char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(const char *text, const char *fmt, ...)
{
	char name[HOST_PATH], path[2 * HOST_PATH];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	va_end(ap);
	snprintf(path, sizeof path, "%s/%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		mkdir(path, 0755);
	}
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0644), 0);
}

static void find(void)
{
	kernel_gpus_free(table);
	table = NULL;
	int r = kernel_gpus_find(&cfg, &table, why);
	ck_assert_msg(r == 0, "%s: %s", strerror(-r), why);
}

static const struct gpu *named(const char *name)
{
	for (uint32_t i = 0; i < table->n; i++)
		if (!strcmp(table->gpu[i].info.name, name))
			return &table->gpu[i];
	ck_abort_msg("there is no %s", name);
	return NULL;
}

static bool lists(const struct gpu *g, const char *name)
{
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (!strcmp(g->node[i].name, name))
			return true;
	return false;
}

static void put_nvidia(void)
{
	put("Character devices:\n  1 mem\n195 nvidia\n195 nvidia-modeset\n195 nvidiactl\n236 nvidia-caps\n509 nvidia-uvm\n\n"
	    "Block devices:\n  7 loop\n236 nvidia-uvm\n", "proc/devices");
	for (int i = 0; i < 2; i++) {
		char text[1024];
		snprintf(text, sizeof text, "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 10\n"
		    "GPU UUID: \t GPU-%08d-1111-2222-3333-444444444444\n"
		    "Video BIOS: \t 96.00.99.00.01\nBus Type: \t PCIe\nDMA Size: \t 52 bits\nDMA Mask: \t 0xfffffffffffff\n"
		    "Bus Location: \t 0000:%02x:00.0\nDevice Minor: \t %d\nGPU Firmware: \t 535.129.03\nGPU Excluded:\t No\n", i,
		    0x62 + i, 5 + i);
		put(text, "proc/driver/nvidia/gpus/0000:%02x:00.0/information", 0x62 + i);
		put("1\n", "sys/bus/pci/devices/0000:%02x:00.0/numa_node", 0x62 + i);
	}
}

START_TEST(nvidia_cards)
{
	put_nvidia();
	find();
	ck_assert_uint_eq(table->n, 2);
	const struct gpu *g = named("nvidia5");
	ck_assert_ptr_eq(g, &table->gpu[0]); /* in the order of the bus */
	ck_assert(g->info.rule.type == 'c' && g->info.rule.major == 195 && g->info.rule.minor == 5);
	ck_assert_str_eq(g->info.vendor, "nvidia");
	ck_assert_str_eq(g->info.model, "NVIDIA_H100_80GB_HBM3");
	ck_assert_str_eq(g->info.id, "GPU-00000000-1111-2222-3333-444444444444");
	ck_assert_str_eq(g->bus, "0000:62:00.0");
	ck_assert_int_eq(g->numa, 1);
	ck_assert_uint_eq(g->info.mem_mib, 0); /* these files do not tell */
	ck_assert(lists(g, "nvidiactl") && lists(g, "nvidia-uvm") && lists(g, "nvidia-uvm-tools") && !lists(g, "nvidia6"));
	ck_assert_uint_eq(g->node[2].rule.major, 509); /* and not that of a block device of the same name */
	ck_assert_int_eq(g->meter, GPU_METER_NVML);
}
END_TEST

START_TEST(nvidia_parts)
{
	put_nvidia();
	put("DeviceFileMinor: 3\nDeviceFileMode: 256\nDeviceFileModify: 1\n", "proc/driver/nvidia/capabilities/mig/config");
	put("DeviceFileMinor: 21\nDeviceFileMode: 256\n", "proc/driver/nvidia/capabilities/gpu5/mig/gi1/access");
	put("DeviceFileMinor: 22\nDeviceFileMode: 256\n", "proc/driver/nvidia/capabilities/gpu5/mig/gi1/ci0/access");
	put("DeviceFileMinor: 30\nDeviceFileMode: 256\n", "proc/driver/nvidia/capabilities/gpu5/mig/gi2/access");
	put("DeviceFileMinor: 31\nDeviceFileMode: 256\n", "proc/driver/nvidia/capabilities/gpu5/mig/gi2/ci0/access");
	find();
	ck_assert_uint_eq(table->n, 3); /* two parts, and the card that is whole: never the card and its parts */
	const struct gpu *part = named("nvidia-caps/nvidia-cap21");
	ck_assert(part->info.rule.major == 236 && part->info.rule.minor == 21);
	ck_assert(lists(part, "nvidia-caps/nvidia-cap22") && lists(part, "nvidia5") && lists(part, "nvidiactl"));
	ck_assert(!lists(part, "nvidia-caps/nvidia-cap30") && !lists(part, "nvidia-caps/nvidia-cap31"));
	ck_assert_str_eq(part->info.id, "GPU-00000000-1111-2222-3333-444444444444/gi1");
	ck_assert_int_eq(part->meter, GPU_METER_NONE);
	ck_assert(lists(named("nvidia6"), "nvidia6"));
	/* The same card in two leases; a node of both is given once to one that has both. */
	struct quota q = {.ndevices = 2, .devices = {part->info.rule, named("nvidia-caps/nvidia-cap30")->info.rule}};
	struct gpu_node nodes[DEVICE_RULES_MAX];
	ck_assert_uint_eq(gpu_nodes(table, &q, nodes), 2 * 2 + 4);
}
END_TEST

static void put_card(int minor, const char *vendor, const char *driver, const char *bus)
{
	char text[256];
	snprintf(text, sizeof text, "226:%d\n", minor);
	put(text, "sys/class/drm/renderD%d/dev", minor);
	snprintf(text, sizeof text, "DRIVER=%s\nPCI_CLASS=30000\nPCI_ID=1002:744C\nPCI_SLOT_NAME=%s\n", driver, bus);
	put(text, "sys/class/drm/renderD%d/device/uevent", minor);
	put(vendor, "sys/class/drm/renderD%d/device/vendor", minor);
	put("-1\n", "sys/class/drm/renderD%d/device/numa_node", minor);
}

START_TEST(cards_of_the_kernels_drivers)
{
	put_card(128, "0x1002\n", "amdgpu", "0000:03:00.0");
	put("25753026560\n", "sys/class/drm/renderD128/device/mem_info_vram_total");
	put("235:0\n", "sys/class/kfd/kfd/dev");
	put_card(129, "0x8086\n", "i915", "0000:00:02.0");
	put_card(130, "0x10de\n", "nvidia", "0000:62:00.0"); /* its own driver tells of it elsewhere */
	put_card(131, "0x1af4\n", "virtio-pci", "0000:00:01.0");
	put("226:0\n", "sys/class/drm/card0/dev");
	find();
	ck_assert_uint_eq(table->n, 2);
	const struct gpu *amd = named("dri/renderD128"), *intel = named("dri/renderD129");
	ck_assert_str_eq(amd->info.vendor, "amd");
	ck_assert_uint_eq(amd->info.mem_mib, 24560);
	ck_assert_str_eq(amd->info.model, "1002:744C");
	ck_assert_str_eq(amd->info.id, "0000:03:00.0");
	ck_assert(lists(amd, "kfd") && amd->nnodes == 2 && amd->node[1].rule.major == 235);
	ck_assert_str_eq(intel->info.vendor, "intel");
	ck_assert(intel->nnodes == 1 && intel->info.rule.major == 226 && intel->info.rule.minor == 129);
	ck_assert_int_eq(intel->meter, GPU_METER_DRM);
}
END_TEST

static struct kernel_policy offered(struct resources *sum)
{
	struct kernel_policy p = {.ndevices = 0};
	*sum = (struct resources){{0}};
	kernel_gpus_offer(table, &p, sum);
	ck_assert_uint_eq(sum->v[RES_GPU], p.ndevices);
	return p;
}

START_TEST(the_owner_chooses)
{
	struct resources sum;
	put_nvidia();
	put_card(128, "0x1002\n", "amdgpu", "0000:03:00.0");
	put("25753026560\n", "sys/class/drm/renderD128/device/mem_info_vram_total");
	static const struct { const char *words; uint32_t n, mem; } cases[] = {{"none", 0, 0}, {"all", 3, 24560}, {"nvidia6", 1, 0},
	    {"0000:62:00.0, dri/renderD128", 2, 24560}, {"GPU-00000001-1111-2222-3333-444444444444", 1, 0}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cfg.wanted = cases[i].words;
		find();
		ck_assert_uint_eq(offered(&sum).ndevices, cases[i].n);
		ck_assert_uint_eq(sum.v[RES_GPU_MEM_MIB], cases[i].mem);
		ck_assert_uint_eq(table->n, 3); /* what is not leased is still known */
	}
	cfg.wanted = "nvidia6 nvidia9";
	struct gpu_table *none = NULL;
	ck_assert_int_eq(kernel_gpus_find(&cfg, &none, why), -ENODEV);
	ck_assert_ptr_null(none);
	ck_assert_ptr_nonnull(strstr(why, "nvidia9"));
	cfg.wanted = "-"; /* what is not known of a device names none */
	ck_assert_int_eq(kernel_gpus_find(&cfg, &none, why), -ENODEV);
}
END_TEST

START_TEST(a_named_device_comes_with_what_it_needs)
{
	static const char devices[][64] = {"/dev/nvidia5"}, common[][64] = {"/dev/nvidiactl"};
	struct resources sum;
	if (geteuid() != 0)
		return; /* only root makes nodes */
	put_nvidia();
	put("", "dev/empty");
	char path[HOST_PATH];
	host_path(path, "%s/nvidia5", dev);
	ck_assert_int_eq(mknod(path, S_IFCHR | 0600, 195 << 8 | 5), 0);
	host_path(path, "%s/nvidiactl", dev);
	ck_assert_int_eq(mknod(path, S_IFCHR | 0600, 195 << 8 | 255), 0);
	cfg.wanted = "none";
	cfg.ndevices = 1;
	cfg.devices = devices;
	find();
	ck_assert_uint_eq(offered(&sum).ndevices, 1);
	ck_assert(lists(named("nvidia5"), "nvidiactl"));
	struct gpu_table *none = NULL;
	cfg.devices = common; /* several leases need it: it is nobody's own */
	ck_assert_int_eq(kernel_gpus_find(&cfg, &none, why), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "comes with nvidia"));
	static const char file[][64] = {"/dev/empty"};
	cfg.devices = file;
	ck_assert_int_eq(kernel_gpus_find(&cfg, &none, why), -ENODEV);
}
END_TEST

static const char spec[] = "{\"cdiVersion\":\"0.6.0\",\"kind\":\"nvidia.com/gpu\",\"devices\":["
	"{\"name\":\"0\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/nvidia5\",\"type\":\"c\",\"major\":195,\"minor\":5}],"
	"\"env\":[\"ZEUS_GPU=five\"]}},"
	"{\"name\":\"all\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/nvidia5\",\"type\":\"c\",\"major\":195,\"minor\":5},"
	"{\"path\":\"/dev/nvidia6\",\"type\":\"c\",\"major\":195,\"minor\":6}],\"env\":[\"ZEUS_GPU=all\"]}}],"
	"\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/nvidia-modeset\",\"type\":\"c\",\"major\":195,\"minor\":254}],"
	"\"env\":[\"NVIDIA_VISIBLE_DEVICES=void\",\"bad\"],\"hooks\":[{\"hookName\":\"createContainer\",\"path\":\"/bin/false\"}],"
	"\"mounts\":[{\"hostPath\":\"/etc/passwd\",\"containerPath\":\"/usr/lib/libcuda.so.1\",\"options\":[\"rw\",\"suid\"]},"
	"{\"hostPath\":\"/etc/passwd\",\"containerPath\":\"/proc/x\"},{\"hostPath\":\"/etc/passwd\",\"containerPath\":\"/a/../dev/x\"},"
	"{\"hostPath\":\"/nowhere/at/all\",\"containerPath\":\"/x\"},{\"hostPath\":\"relative\",\"containerPath\":\"/y\"}]}}";

START_TEST(cdi_adds_to_a_device)
{
	put_nvidia();
	put(spec, "etc/nvidia.json");
	find();
	ck_assert_uint_eq(table->n, 2);
	const struct gpu *g = named("nvidia5"), *other = named("nvidia6");
	ck_assert(lists(g, "nvidia-modeset") && !lists(other, "nvidia-modeset"));
	ck_assert_ptr_null(other->env);
	ck_assert_uint_eq(json_array_size(g->env), 2);
	ck_assert_uint_eq(json_array_size(g->mounts), 1);
	ck_assert_str_ne(why, ""); /* something was left out, and that is said */
	struct task_spec task = {.nargs = 1, .args = {"/bin/true"}, .nenv = 2, .env = {"ZEUS_GPU=mine", "A=b"}};
	struct bundle b = {.spec = &task, .root = "/r", .netns = "/n", .cgroup = "/g", .hostname = "x", .uid_base = 900000, .dev_dir = "/d",
	    .ndevices = g->nnodes, .devices = g->node, .ngpus = 1, .gpus = {g}};
	char *text = bundle_text(&b);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "\"ZEUS_GPU=five\""));
	ck_assert_ptr_null(strstr(text, "ZEUS_GPU=mine"));
	ck_assert_ptr_nonnull(strstr(text, "\"A=b\""));
	ck_assert_ptr_nonnull(strstr(text, "{\"destination\":\"/usr/lib/libcuda.so.1\",\"type\":\"bind\",\"source\":\"/etc/passwd\","
	    "\"options\":[\"bind\",\"ro\",\"nosuid\",\"nodev\"]}"));
	ck_assert_ptr_null(strstr(text, "hooks"));
	free(text);
}
END_TEST

START_TEST(the_newer_spec_has_the_word)
{
	put_nvidia();
	put(spec, "etc/nvidia.json");
	put("{\"kind\":\"nvidia.com/gpu\",\"devices\":[{\"name\":\"GPU-1\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/nvidia5\","
	    "\"type\":\"c\",\"major\":195,\"minor\":5}],\"env\":[\"ZEUS_GPU=run\"]}}]}", "run/nvidia.json");
	find();
	ck_assert_uint_eq(json_array_size(named("nvidia5")->env), 1);
	ck_assert_ptr_null(named("nvidia5")->mounts);
}
END_TEST

START_TEST(cdi_brings_devices_of_other_vendors)
{
	put("{\"kind\":\"example.com/npu\",\"devices\":["
	    "{\"name\":\"all\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/npu/0\",\"type\":\"c\",\"major\":511,\"minor\":0},"
	    "{\"path\":\"/dev/npu/1\",\"type\":\"c\",\"major\":511,\"minor\":1}]}},"
	    "{\"name\":\"0\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/npu/0\",\"type\":\"c\",\"major\":511,\"minor\":0}]}},"
	    "{\"name\":\"1\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/npu/1\",\"type\":\"c\",\"major\":511,\"minor\":1}]}},"
	    "{\"name\":\"up\",\"containerEdits\":"
	    "{\"deviceNodes\":[{\"path\":\"/dev/../etc/x\",\"type\":\"c\",\"major\":511,\"minor\":7}]}},"
	    "{\"name\":\"out\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/etc/x\",\"type\":\"c\",\"major\":511,\"minor\":8}]}}],"
	    "\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/npu_ctl\",\"type\":\"c\",\"major\":511,\"minor\":255}]}}",
	    "etc/npu.json");
	find();
	ck_assert_uint_eq(table->n, 2);
	ck_assert(lists(named("npu/0"), "npu_ctl") && lists(named("npu/1"), "npu_ctl") && !lists(named("npu/0"), "npu/1"));
	ck_assert_str_eq(named("npu/0")->info.vendor, "example");
}
END_TEST

START_TEST(specs_that_others_may_write_are_not_read)
{
	char path[HOST_PATH];
	put_nvidia();
	put(spec, "etc/a.json");
	host_path(path, "%s/a.json", etc);
	static const struct { mode_t dir, file; } cases[] = {{0755, 0664}, {0755, 0646}, {0775, 0644}, {0757, 0644}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(chmod(etc, cases[i].dir), 0);
		ck_assert_int_eq(chmod(path, cases[i].file), 0);
		find();
		ck_assert_ptr_null(named("nvidia5")->env);
		ck_assert_ptr_nonnull(strstr(why, "nobody else may write"));
	}
	ck_assert_int_eq(chmod(etc, 0755), 0);
	ck_assert_int_eq(chmod(path, 0644), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path, 65534, 65534), 0);
		find();
		ck_assert_ptr_null(named("nvidia5")->env);
		ck_assert_int_eq(chown(path, 0, 0), 0);
	}
	ck_assert_int_eq(rename(path, dev), 0);
	ck_assert_int_eq(symlink(dev, path), 0);
	find();
	ck_assert_ptr_null(named("nvidia5")->env);
}
END_TEST

START_TEST(what_is_no_spec_is_said_and_harms_nothing)
{
	static const char *const texts[] = {"", "{", "[]", "{\"kind\":\"a/b\"}", "{\"kind\":1,\"devices\":[]}",
	    "{\"kind\":\"a/b\",\"devices\":{}}"};
	put_nvidia();
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		put(texts[i], "etc/a.json");
		find();
		ck_assert_uint_eq(table->n, 2);
		ck_assert_ptr_nonnull(strstr(why, "is no CDI spec"));
	}
	static const char *const odd[] = {
	    "{\"kind\":\"a/b\",\"devices\":[1,null,{},{\"name\":\"x\"},{\"name\":\"y\",\"containerEdits\":[]}]}",
	    "{\"kind\":\"a/b\",\"devices\":[{\"name\":\"y\",\"containerEdits\":"
	    "{\"deviceNodes\":[1,{},{\"path\":3}],\"env\":{},\"mounts\":7}}]}"};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		put(odd[i], "etc/a.json");
		find();
		ck_assert_uint_eq(table->n, 2);
	}
	put("{}", "etc/a.json");
	put("kind: a/b\n", "run/vendor.yaml");
	ck_assert_int_eq(unlinkat(AT_FDCWD, strcat(strcpy(fakes, etc), "/a.json"), 0), 0);
	find();
	ck_assert_ptr_nonnull(strstr(why, "only JSON"));
}
END_TEST

START_TEST(a_device_that_goes_is_missed)
{
	char from[HOST_PATH], to[HOST_PATH];
	put_nvidia();
	find();
	struct quota q = {.ndevices = 2, .devices = {named("nvidia5")->info.rule, named("nvidia6")->info.rule}};
	ck_assert_uint_eq(gpus_alive(table, &q), 2);
	host_path(from, "%s/driver/nvidia/gpus/0000:62:00.0", proc);
	host_path(to, "%s/gone", root);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_uint_eq(gpus_alive(table, &q), 1);
}
END_TEST

START_TEST(memory_is_not_sold_twice)
{
	put_card(128, "0x1002\n", "amdgpu", "0000:03:00.0");
	put("17179869184\n", "sys/class/drm/renderD128/device/mem_info_vram_total");
	put_nvidia();
	find();
	struct quota q = {.ndevices = 1, .devices = {named("dri/renderD128")->info.rule}};
	q.res.v[RES_GPU_MEM_MIB] = 16384;
	ck_assert(gpu_memory_fits(table, &q));
	q.res.v[RES_GPU_MEM_MIB]++;
	ck_assert(!gpu_memory_fits(table, &q));
	q.devices[0] = named("nvidia5")->info.rule; /* it does not tell: the owner's offer is the bound */
	ck_assert(gpu_memory_fits(table, &q));
}
END_TEST

/* What is leased is nobody's for nothing, even if it were harmless. */
START_TEST(a_leased_number_is_withheld)
{
	struct device_rule all[DEVICE_RULES_MAX + DEVICE_HARMLESS], full = {'c', 1, 7}, card = {'c', 195, 0};
	struct device_list list = {.n = 1, .rules = {card}};
	uint32_t before = device_all(&list, all);
	device_withhold(&list, &card); /* is not among the harmless ones */
	ck_assert_uint_eq(device_all(&list, all), before);
	device_withhold(&list, &full);
	ck_assert_uint_eq(device_all(&list, all), before - 1);
	for (uint32_t i = 0; i < before - 1; i++)
		ck_assert(all[i].major != 1 || all[i].minor != 7);
	list.rules[list.n++] = full; /* but this lease bought it */
	ck_assert_uint_eq(device_all(&list, all), before);
}
END_TEST

START_TEST(fakes_are_nodes)
{
	struct resources sum;
	struct stat st;
	char path[HOST_PATH];
	if (geteuid() != 0)
		return; /* only root makes nodes */
	cfg.fake = 2;
	for (int i = 0; i < 2; i++) { /* the second time they are there already */
		find();
		ck_assert_uint_eq(offered(&sum).ndevices, 2);
	}
	host_path(path, "%s/zeus-fake1", fakes);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	struct quota q = {.ndevices = 2, .devices = {named("zeus-fake0")->info.rule, named("zeus-fake1")->info.rule}};
	ck_assert_uint_eq(gpus_alive(table, &q), 2);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_uint_eq(gpus_alive(table, &q), 1);
	ck_assert_uint_ne(named("zeus-fake0")->info.mem_mib, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {nvidia_cards, nvidia_parts, cards_of_the_kernels_drivers, the_owner_chooses,
	    a_named_device_comes_with_what_it_needs, cdi_adds_to_a_device, the_newer_spec_has_the_word, cdi_brings_devices_of_other_vendors,
	    specs_that_others_may_write_are_not_read, what_is_no_spec_is_said_and_harms_nothing, a_device_that_goes_is_missed,
	    memory_is_not_sold_twice, a_leased_number_is_withheld, fakes_are_nodes};
	Suite *s = suite_create("gpu");
	TCase *c = tcase_create("all");
	tcase_add_checked_fixture(c, setup, teardown);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
