/* A BPF_PROG_TYPE_CGROUP_DEVICE program that allows a list of devices (a minor of DEVICE_ANY: all of that major) and refuses the rest.
 *
 * It knows the program's instructions, and finds its own program on a group by the name, which carries a hash of the rules. It does
 * not know v1. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include "common/cleanup.h"
#include "kernel-facing/device.h"
#include "kernel-facing/device_bpf.h"

#define PROGRAMS_MAX 16
#define RULE_INSNS 5
#define INSNS_MAX (8 + (DEVICE_RULES_MAX + DEVICE_HARMLESS) * RULE_INSNS)

#define INSN(c, d, s, o, i) ((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})

/* r2 = type, r4 = major, r5 = minor, then per rule: three tests, each skipping to the next rule, and "return 1". */
static uint32_t emit_rule(struct bpf_insn *p, const struct device_rule *rule)
{
	int type = rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	bool any = rule->minor == DEVICE_ANY;
	int16_t left = any ? 3 : 4;
	uint32_t n = 0;
	p[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, 2, 0, left--, type);
	p[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, 4, 0, left--, (int32_t)rule->major);
	if (!any)
		p[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, 5, 0, left--, (int32_t)rule->minor);
	p[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	p[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return n;
}

static uint32_t emit(struct bpf_insn *p, const struct device_rule *rules, uint32_t nrules)
{
	uint32_t n = 0;
	p[n++] = INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	p[n++] = INSN(BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	p[n++] = INSN(BPF_LDX | BPF_MEM | BPF_W, 4, 1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	p[n++] = INSN(BPF_LDX | BPF_MEM | BPF_W, 5, 1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	for (uint32_t i = 0; i < nrules; i++)
		n += emit_rule(p + n, &rules[i]);
	p[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	p[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return n;
}

/* FNV-1a over the rules: tells one list from another, guards against nothing. */
static void program_name(const struct device_rule *rules, uint32_t n, char out[BPF_OBJ_NAME_LEN])
{
	uint32_t h = 2166136261u;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t words[3] = {(uint32_t)rules[i].type, rules[i].major, rules[i].minor};
		for (int w = 0; w < 3; w++)
			for (int b = 0; b < 4; b++)
				h = (h ^ (words[w] >> (8 * b) & 0xff)) * 16777619u;
	}
	snprintf(out, BPF_OBJ_NAME_LEN, "zeus_%08x", h);
}

static int open_group(const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	int r = group_v2_file(h, leaf, "", path);
	if (r < 0)
		return r;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Our program on the group, with its name; -ENOENT if there is none. */
static int find_program(int group, char name[BPF_OBJ_NAME_LEN])
{
	uint32_t ids[PROGRAMS_MAX], n = PROGRAMS_MAX;
	if (bpf_prog_query(group, BPF_CGROUP_DEVICE, 0, NULL, ids, &n) < 0)
		return -errno;
	for (uint32_t i = 0; i < n; i++) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof info;
		autoclose int fd = bpf_prog_get_fd_by_id(ids[i]);
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0 || strncmp(info.name, "zeus_", 5))
			continue;
		memcpy(name, info.name, BPF_OBJ_NAME_LEN);
		return take_fd(&fd);
	}
	return -ENOENT;
}

int device_bpf_list(int group, void *out, size_t cap)
{
	uint32_t ids[PROGRAMS_MAX], n = PROGRAMS_MAX;
	if (bpf_prog_query(group, BPF_CGROUP_DEVICE, 0, NULL, ids, &n) < 0)
		return -errno;
	if (n * sizeof *ids > cap)
		return -ENOSPC;
	memcpy(out, ids, n * sizeof *ids);
	return (int)(n * sizeof *ids);
}

int device_bpf_differs(const struct group_host *h, const char *leaf, const struct device_rule *rules, uint32_t n)
{
	char want[BPF_OBJ_NAME_LEN], have[BPF_OBJ_NAME_LEN];
	program_name(rules, n, want);
	autoclose int group = open_group(h, leaf);
	if (group < 0)
		return group;
	autoclose int prog = find_program(group, have);
	if (prog < 0)
		return prog == -ENOENT ? 1 : prog;
	return strcmp(want, have) != 0;
}

int device_bpf_set(const struct group_host *h, const char *leaf, const struct device_rule *rules, uint32_t n)
{
	struct bpf_insn insns[INSNS_MAX];
	char name[BPF_OBJ_NAME_LEN], old_name[BPF_OBJ_NAME_LEN];
	program_name(rules, n, name);
	autoclose int group = open_group(h, leaf);
	if (group < 0)
		return group;
	autoclose int old = find_program(group, old_name);
	uint32_t count = emit(insns, rules, n);
	autoclose int prog = bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, name, "Apache-2.0", insns, count, NULL);
	if (prog < 0)
		return -errno;
	LIBBPF_OPTS(bpf_prog_attach_opts, opts, .flags = BPF_F_ALLOW_MULTI);
	if (old >= 0) {
		opts.flags |= BPF_F_REPLACE;
		opts.replace_prog_fd = old;
	}
	if (bpf_prog_attach_opts(prog, group, BPF_CGROUP_DEVICE, &opts) < 0)
		return -errno;
	return device_bpf_differs(h, leaf, rules, n) == 0 ? 0 : -EIO;
}
