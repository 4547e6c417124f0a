/* Every path of the tree, told from a model made of facts, against a transcript of path, mode, owner and content.
 *
 * ZEUS_TRANSCRIPT=write makes the transcript anew. Times that are not of the world's year are this test's own and are written as NOW. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "tests/views_world.h"
#include "zfs-views/order_line.h"

#define CHILDREN 128
struct children { uint32_t n; struct { char name[NAME_MAX_LEN + 1]; struct node node; } of[CHILDREN]; };

static bool gather(void *arg, const char *name, const struct node *n)
{
	struct children *c = arg;
	ck_assert_uint_lt(c->n, CHILDREN);
	strcpy(c->of[c->n].name, name);
	c->of[c->n++].node = *n;
	return true;
}

static void put_content(const struct node *n, uid_t uid, struct page *out)
{
	struct page text = {0};
	int rc = tree_render(&v, uid, n, &text);
	if (rc < 0)
		page_add(out, "\t! %s\n", strerrorname_np(-rc));
	for (size_t i = 0; i < text.len;) {
		size_t len = 0;
		page_add(out, "\t");
		for (; i + len < text.len && text.p[i + len] != '\n'; len++) {
			unsigned char c = (unsigned char)text.p[i + len];
			if ((c < 0x20 && c != '\t') || c >= 0x7f)
				page_add(out, "\\%02x", c);
			else
				page_put(out, &c, 1);
		}
		i += len + 1;
		page_add(out, "%s\n", i > text.len ? "$" : "");
	}
	page_free(&text);
}

static uint64_t seen_ino[16384];
static uint32_t seen;

/* Each thing that is listed is there, is found by its name, and no two have one number. */
static void check_node(const struct node *parent, const char *name, const struct node *n, struct node_attr *a)
{
	struct node again;
	ck_assert_msg(tree_attr(&v, n, a) == 0, "%s has no attributes", name);
	ck_assert_msg(tree_lookup(&v, 1000, parent, name, &again) == 0, "%s is listed and not found", name);
	uint64_t ino = tree_ino(n);
	ck_assert_uint_eq(tree_ino(&again), ino);
	ck_assert_uint_gt(ino, 1);
	for (uint32_t i = 0; i < seen; i++)
		ck_assert_uint_ne(seen_ino[i], ino);
	ck_assert_uint_lt(seen, 16384);
	seen_ino[seen++] = ino;
}

/* Of chains and heights, which are many and alike, the transcript has a few; all are walked. */
static bool told(const char *path)
{
	unsigned chain, height;
	if (sscanf(path, "/chains/%u/blocks/%u", &chain, &height) == 2)
		return (chain == 0 || chain == 3) && height == WORLD_HEIGHT;
	return sscanf(path, "/chains/%u", &chain) != 1 || chain == 3 || (chain == 0 && !strstr(path, "/log"));
}

static void walk(const char *path, const struct node *n, struct page *out)
{
	autofree struct children *c = calloc(1, sizeof *c);
	ck_assert_int_eq(tree_list(&v, 1000, n, gather, c), 0);
	for (uint32_t i = 0; i < c->n; i++) {
		char where[1024], link[256];
		struct node_attr a;
		const struct node *child = &c->of[i].node;
		struct page skipped = {0}, *to;
		snprintf(where, sizeof where, "%s/%s", path, c->of[i].name);
		check_node(n, c->of[i].name, child, &a);
		to = told(where) ? out : &skipped;
		page_add(to, "%s %06o %u:%u class=%d", where, (unsigned)a.mode, (unsigned)a.uid, (unsigned)a.gid, (int)a.class);
		if (a.class == CLASS_LINK && tree_readlink(&v, 1000, child, link, sizeof link) == 0)
			page_add(to, " -> %s", link);
		page_add(to, "\n");
		if (a.class == CLASS_DIR)
			walk(where, child, to);
		else if (a.class != CLASS_LINK)
			put_content(child, 1000, to);
		page_free(&skipped);
	}
}

/* Any time of another year than the world's becomes NOW. */
static void mask_times(struct page *t)
{
	struct page out = {0};
	for (size_t i = 0; i < t->len;) {
		const char *p = t->p + i;
		size_t len = 0;
		if (strncmp(p, "20", 2) == 0 && strncmp(p, "2018", 4) != 0 && i + 20 <= t->len && p[4] == '-' && p[10] == 'T')
			len = strcspn(p, "Z") + 1;
		if (len)
			page_add(&out, "NOW");
		else
			page_put(&out, p, 1);
		i += len ? len : 1;
	}
	page_free(t);
	*t = out;
}

static char *transcript_read(const char *path)
{
	autofclose FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n = f ? getdelim(&text, &cap, 0, f) : -1;
	ck_assert_msg(n > 0, "%s cannot be read", path);
	return text;
}

static void compare(const char *have, const char *want)
{
	size_t line = 1, start = 0;
	for (size_t i = 0; have[i] || want[i]; i++) {
		if (have[i] != want[i])
			ck_abort_msg("line %zu:\n have %.*s\n want %.*s", line, (int)strcspn(have + start, "\n"), have + start,
				     (int)strcspn(want + start, "\n"), want + start);
		if (have[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
}

START_TEST(every_path_says_what_the_transcript_says)
{
	struct page out = {0};
	struct node root;
	char path[512];
	const char *top = getenv("top_srcdir"), *mode = getenv("ZEUS_TRANSCRIPT");
	snprintf(path, sizeof path, "%s/tests/transcripts/tree.txt", top ? top : ".");
	tree_root(&root);
	walk("", &root, &out);
	mask_times(&out);
	if (mode && strcmp(mode, "write") == 0) {
		autofclose FILE *f = fopen(path, "w");
		ck_assert_ptr_nonnull(f);
		fwrite(out.p, 1, out.len, f);
	} else {
		autofree char *want = transcript_read(path);
		compare(out.p, want);
	}
	page_free(&out);
}
END_TEST

START_TEST(any_height_resolves_and_no_other_spelling)
{
	struct node n;
	ck_assert_int_eq(resolve("chains/3/blocks/2/hash", &n), 0); /* older than what is listed */
	ck_assert_int_eq(resolve("chains/3/blocks/02", &n), -ENOENT);
	ck_assert_int_eq(resolve("chains/3/blocks/+2", &n), -ENOENT);
	ck_assert_int_eq(resolve("chains/3/blocks/71", &n), -ENOENT);
	ck_assert_int_eq(resolve("chains/10", &n), -ENOENT);
	ck_assert_int_eq(resolve("chains/3/blocks/70/main", &n), -ENOENT);
	ck_assert_int_eq(resolve("chains/0/blocks/70/main/raw", &n), 0);
	ck_assert_int_eq(resolve("market/nothing", &n), -ENOENT);
	ck_assert_int_eq(resolve("images/sha256/00", &n), -ENOENT);
}
END_TEST

START_TEST(a_transaction_has_one_node_by_place_and_by_id)
{
	static const char *const none[] = {"1", "00", "+0", "-1", "0x0", "", "4294967296", "abab"};
	struct node dir, by_place, by_id, link;
	char id[65], to[NAME_MAX_LEN + 1];
	memset(id, 'a', 64);
	id[1] = 'b';
	id[64] = 0;
	ck_assert_int_eq(resolve("chains/3/blocks/70/tx", &dir), 0);
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, "0", &by_place), 0);
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, id, &by_id), 0);
	ck_assert_uint_eq(tree_ino(&by_place), tree_ino(&by_id));
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		ck_assert_int_eq(tree_lookup(&v, 0, &dir, none[i], &link), -ENOENT);
	dir.height = 69; /* it is not in this block */
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, id, &link), -ENOENT);
	dir.height = 71; /* nor is there this one */
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, "0", &link), -ENOENT);
	ck_assert_int_eq(resolve("chains/3/tx", &dir), 0);
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, id, &link), 0);
	ck_assert_int_eq(tree_readlink(&v, 0, &link, to, sizeof to), 0);
	ck_assert_str_eq(to, "../blocks/70/tx/0");
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, "0", &link), -ENOENT);
	dir.chain = 4; /* it is not of this chain */
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, id, &link), -ENOENT);
	id[0] = 'c';
	dir.chain = 3;
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, id, &link), -ENOENT);
}
END_TEST

START_TEST(raw_hashes_to_hash)
{
	struct node n;
	struct page raw = {0};
	char hex[65];
	ck_assert_int_eq(resolve("chains/0/blocks/70/main/raw", &n), 0);
	ck_assert_int_eq(tree_render(&v, 0, &n, &raw), 0);
	ck_assert_uint_eq(raw.len, sizeof "zeus/blk" + MAIN_HEADER_LEN);
	struct id id = hash_of("zeus/blk", raw.p + sizeof "zeus/blk", MAIN_HEADER_LEN);
	hex_encode(id.b, sizeof id.b, hex);
	ck_assert_int_eq(strncmp(content("chains/0/blocks/70/main/hash", 0), hex, 64), 0);
	page_free(&raw);
}
END_TEST

START_TEST(an_order_that_was_read_can_be_written)
{
	static const char *const paths[] = {"accounts/root/orders/night", "accounts/alice/orders/job1", "accounts/alice/orders/more"};
	for (size_t i = 0; i < 3; i++) {
		struct order_line o;
		struct refusal why;
		char *line = content(paths[i], 0);
		line[strcspn(line, "\n")] = 0;
		ck_assert_msg(order_line_parse(line, false, &o, &why), "%s: %s", line, why.text);
	}
}
END_TEST

START_TEST(links_are_the_callers)
{
	struct node n;
	char link[64];
	ck_assert_int_eq(resolve("me", &n), 0);
	ck_assert_int_eq(tree_readlink(&v, 0, &n, link, sizeof link), 0);
	ck_assert_str_eq(link, "accounts/root");
	ck_assert_int_eq(tree_readlink(&v, 4711, &n, link, sizeof link), -ENOKEY);
	ck_assert_int_eq(tree_readlink(&v, 0, &n, link, 5), -ENAMETOOLONG);
}
END_TEST

START_TEST(tables_show_what_the_caller_may_see)
{
	ck_assert_ptr_nonnull(strstr(content("leases.tsv", 0), "\nl-"));
	ck_assert_ptr_nonnull(strstr(content("leases.tsv", 1000), "\nl-"));
	ck_assert_ptr_null(strstr(content("leases.tsv", 4711), "\nl-"));
	ck_assert_ptr_null(strstr(content("tasks.tsv", 4711), "\n\n"));
	ck_assert_str_eq(content("errors", 0), "");
	ck_assert_ptr_nonnull(strstr(content("errors", 1000), "no such symbol"));
}
END_TEST

/* By its address, by everybody, and by lookup alone. */
START_TEST(an_account_that_nobody_here_holds)
{
	struct fact account = world_account(7, 300000000), order = world_order(70, 7, "far", SIDE_BID, ORDER_OPEN, 1000000);
	struct node n, dir;
	struct node_attr a;
	char address[ADDRESS_TEXT_MAX], mine[ADDRESS_TEXT_MAX], path[128];
	struct address seven = world_address(7), alice = world_address(2);
	text_of_address(&seven, address);
	text_of_address(&alice, mine);
	snprintf(path, sizeof path, "accounts/%s", address);
	ck_assert_int_eq(resolve(path, &dir), -ENOENT); /* nobody paid it yet */
	model_fold(v.model, &account);
	model_fold(v.model, &order);
	ck_assert_int_eq(resolve(path, &dir), 0);
	ck_assert_int_eq(tree_attr(&v, &dir, &a), 0);
	ck_assert(a.mode == (S_IFDIR | 0555) && a.uid == 0);
	snprintf(path, sizeof path, "accounts/%s/balance", address);
	ck_assert_str_eq(content(path, 4711), "3.00000000\n");
	ck_assert_int_eq(resolve(path, &n), 0);
	ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
	ck_assert(a.mode == (S_IFREG | 0444) && a.uid == 0);
	snprintf(path, sizeof path, "accounts/%s/custody", address);
	ck_assert_str_eq(content(path, 4711), "external\n");
	snprintf(path, sizeof path, "accounts/%s/orders/far", address);
	ck_assert_ptr_nonnull(strstr(content(path, 4711), "state=open"));
	ck_assert_int_eq(resolve(path, &n), 0);
	ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
	ck_assert(a.mode == (S_IFREG | 0444) && a.uid == 0 && a.class == CLASS_TEXT);
	static const char *const absent[] = {"send", "post", "batch"};
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		ck_assert_int_eq(tree_lookup(&v, 0, &dir, absent[i], &n), -ENOENT);
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, "prepare", &n), 0);
	ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
	ck_assert(a.mode == (S_IFREG | 0666) && a.class == CLASS_EXCHANGE);
	ck_assert_int_eq(resolve("accounts/alice/prepare", &n), -ENOENT);
	snprintf(path, sizeof path, "accounts/%s", mine); /* alice's directory has one name */
	ck_assert_int_eq(resolve(path, &n), -ENOENT);
	address[10] = address[10] == 'q' ? 'p' : 'q';
	snprintf(path, sizeof path, "accounts/%s", address);
	ck_assert_int_eq(resolve(path, &n), -ENOENT);
}
END_TEST

static void report(const char *state)
{
	struct id lease = world_lease_id(1);
	char name[LEASE_NAME_LEN + 1], path[64];
	lease_name_of(&lease, name);
	snprintf(path, sizeof path, "%s/state", name);
	int fd = openat(v.live_fd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ck_assert(fd >= 0 && write(fd, state, strlen(state)) == (ssize_t)strlen(state));
	close(fd);
}

START_TEST(how_a_task_ended_with_its_lease)
{
	static const struct { const char *told, *word, *reason; } ends[] = {
	    {"killed stop - 0 1543658406000\n", "state killed\n", "reason stop\n"},
	    {"exited - 0 0 1543658406000\n", "state exited\n", "reason -\n"},
	    {"failed image-missing - 0 1543658406000\n", "state failed\n", "reason image-missing\n"},
	    {"running - - 42 1543658406000\n", "state lost\n", "reason -\n"}, /* nobody saw its end */
	    {"queued - - 0 1543658406000\n", "state lost\n", "reason -\n"},
	};
	struct fact l = world_lease(1, 2, 1, "job1", "done", LEASE_TERMINAL);
	strcpy(l.u.lease.app, "demo");
	model_fold(v.model, &l);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		report(ends[i].told);
		const char *text = content("tasks/job1/status", 1000);
		ck_assert_msg(strstr(text, ends[i].word) && strstr(text, ends[i].reason), "%s: %s", ends[i].told, text);
	}
}
END_TEST

START_TEST(an_endpoint_is_its_buyers)
{
	struct fact l = world_lease(1, 2, 1, "job1", "frozen", LEASE_FROZEN);
	struct node n;
	struct node_attr a;
	strcpy(l.u.lease.app, "demo");
	strcpy(l.u.lease.endpoint, "any 100.64.0.6 - -");
	model_fold(v.model, &l);
	ck_assert_int_eq(resolve("tasks/job1/endpoint", &n), 0);
	ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
	ck_assert_uint_eq(a.mode, S_IFREG | 0400);
	ck_assert_uint_eq(a.uid, 1000);
	for (uid_t uid = 999; uid <= 1001; uid++) { /* the group may read status */
		bool his = uid == 1000;
		ck_assert_str_eq(content("tasks/job1/endpoint", uid), his ? "#proto address port hostport\nany 100.64.0.6 - -\n" : "");
		ck_assert_int_eq(!!strstr(content("tasks/job1/status", uid), "\nendpoint any 100.64.0.6 - -\n"), his);
		ck_assert_int_eq(!strstr(content("tasks/job1/status", uid), "\nendpoint -\n"), his);
		ck_assert_int_eq(!!strstr(content("leases/l-311121314151/status", uid), "100.64"), his);
	}
	strcpy(l.u.lease.endpoint, ENDPOINT_SEALED "AAAA"); /* to a key that is not kept here */
	model_fold(v.model, &l);
	ck_assert_ptr_nonnull(strstr(content("tasks/job1/status", 1000), "\nendpoint sealed\n"));
	strcpy(l.u.lease.endpoint, "any 100.64.0.6 - -");
	l.u.lease.flags = 0; /* it settles: the address may be another's by now */
	strcpy(l.u.lease.state, "final");
	model_fold(v.model, &l);
	ck_assert_str_eq(content("tasks/job1/endpoint", 1000), "");
	ck_assert_ptr_nonnull(strstr(content("tasks/job1/status", 1000), "\nendpoint -\n"));
}
END_TEST

START_TEST(a_gone_object_is_gone)
{
	struct node n, state;
	struct node_attr a;
	struct page out = {0};
	ck_assert_int_eq(resolve("tasks/render1", &n), 0);
	ck_assert_int_eq(resolve("tasks/render1/state", &state), 0);
	uint64_t ino = tree_ino(&n);
	ck_assert_int_eq(local_task_drop(v.local, "render1"), 0);
	ck_assert_int_eq(tree_attr(&v, &n, &a), -ENOENT);
	ck_assert_int_eq(tree_render(&v, 0, &state, &out), -ENOENT);
	struct fact reset = {.kind = FACT_RESET};
	ck_assert_int_eq(resolve("leases", &n), 0);
	model_fold(v.model, &reset);
	ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
	ck_assert_uint_ne(tree_ino(&n), ino);
	ck_assert_int_eq(resolve("chains/3/blocks/0", &n), -ENOENT);
	ck_assert_str_eq(content("chains/3/height", 0), "0\n");
	page_free(&out);
}
END_TEST

START_TEST(a_tasks_name_belongs_to_one)
{
	char name[NAME_MAX_LEN + 1];
	struct node n;
	struct id old = world_lease_id(2), live = world_lease_id(1);
	ck_assert(task_name_of_lease(&v, model_lease(v.model, &live), name));
	ck_assert_str_eq(name, "job1");
	ck_assert(task_name_of_lease(&v, model_lease(v.model, &old), name));
	ck_assert_int_eq(strncmp(name, "job1.", 5), 0);
	ck_assert_int_eq(local_task_make(v.local, 1000, "job1", 0750), 0); /* another thing of that name takes it */
	ck_assert(task_name_of_lease(&v, model_lease(v.model, &live), name));
	ck_assert_int_eq(strncmp(name, "job1.", 5), 0);
	char path[128];
	snprintf(path, sizeof path, "tasks/%s", name);
	ck_assert_int_eq(resolve(path, &n), 0);
	ck_assert_int_eq(id_cmp(&n.object, &live), 0);
}
END_TEST

START_TEST(logs_are_opened_beneath_and_links_are_not_followed)
{
	struct node n;
	char text[8] = "";
	ck_assert_int_eq(resolve("tasks/job1/log", &n), 0);
	autoclose int fd = tree_backing(&v, &n);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, text, sizeof text), 6);
	ck_assert_int_eq(resolve("tasks/job1/stderr", &n), 0);
	ck_assert_int_eq(tree_backing(&v, &n), -ELOOP);
	ck_assert_int_eq(resolve("tasks/job1/stdout", &n), 0);
	ck_assert_int_eq(tree_backing(&v, &n), -ENOENT);
}
END_TEST

START_TEST(an_image_is_found_by_its_digest)
{
	char path[128] = "images/sha256/", *digest = path + strlen(path);
	struct node n;
	memset(digest, '5', 64);
	for (int i = 1; i < 64; i += 2)
		digest[i] = 'a';
	ck_assert_int_eq(resolve(path, &n), 0);
	strcpy(digest + 64, "/manifest");
	ck_assert_str_eq(content(path, 1000), "{}\n");
	strcpy(digest + 64, "/state");
	ck_assert_str_eq(content(path, 1000), "present\n");
	strcpy(digest + 64, "/size");
	ck_assert_str_eq(content(path, 1000), "2048\n");
	digest[0] = '6';
	ck_assert_int_eq(resolve(path, &n), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, world_make, world_drop);
	tcase_add_test(t, every_path_says_what_the_transcript_says);
	tcase_add_test(t, any_height_resolves_and_no_other_spelling);
	tcase_add_test(t, a_transaction_has_one_node_by_place_and_by_id);
	tcase_add_test(t, raw_hashes_to_hash);
	tcase_add_test(t, an_order_that_was_read_can_be_written);
	tcase_add_test(t, links_are_the_callers);
	tcase_add_test(t, tables_show_what_the_caller_may_see);
	tcase_add_test(t, an_account_that_nobody_here_holds);
	tcase_add_test(t, how_a_task_ended_with_its_lease);
	tcase_add_test(t, an_endpoint_is_its_buyers);
	tcase_add_test(t, a_gone_object_is_gone);
	tcase_add_test(t, a_tasks_name_belongs_to_one);
	tcase_add_test(t, logs_are_opened_beneath_and_links_are_not_followed);
	tcase_add_test(t, an_image_is_found_by_its_digest);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
