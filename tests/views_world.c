/* The small world of views_facts.h as a view: a model, local tables, and the files that others keep, in a directory of its own.
 *
 * Knows what the ledger, plan and the runtime would have told and written. Blocks are bytes of the right shape and no more. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "common/wire.h"
#include "tests/views_world.h"

static char dir[sizeof "/tmp/zeus-test-tree-XXXXXX"];
struct view v;
static struct names *names;

static void put_file(const char *path, const char *text, size_t len)
{
	char whole[256];
	snprintf(whole, sizeof whole, "%s/%s", dir, path);
	autoclose int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
}

static int make_dir(const char *path)
{
	char whole[256];
	snprintf(whole, sizeof whole, "%s/%s", dir, path);
	mkdir(whole, 0750);
	return open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put_envelope(struct wbuf *w)
{
	uint8_t bytes[512];
	struct wbuf e = wbuf_on(bytes, sizeof bytes);
	struct tx tx = {.type = TX_TRANSFER, .chain_id = 7, .sender = world_address(2), .nonce = 5, .valid_until = 99, .nsig = 1,
		.u.transfer = {.to = world_address(1), .amount = money_of(150000000), .memo = "rent \"may\""}};
	tx_put(&e, &tx);
	ck_assert(!e.bad);
	put_u16(w, V_NO_FUNDS);
	put_blob(w, bytes, e.len);
}

/* What the ledger would send: any bytes of the right shape. */
static int fetch(void *arg, uint8_t lane, uint64_t height, uint8_t part, uint8_t **bytes, size_t *len)
{
	(void)arg;
	bool whole = lane == WIRE_LANE_MAIN;
	const char *tag = whole ? "zeus/blk" : "zeus/lane";
	uint8_t *p = calloc(1, 1024);
	struct wbuf w = wbuf_on(p, 1024);
	if (part == PART_TXS) {
		put_u32(&w, lane == 3);
		if (lane == 3)
			put_envelope(&w);
	} else {
		put_bytes(&w, tag, strlen(tag) + 1);
		put_bytes(&w, whole ? "ZMH1" : "ZLH1", 4);
		for (int i = 4; i < (whole ? MAIN_HEADER_LEN : LANE_HEADER_LEN) && !(!whole && i == 208); i++)
			put_u8(&w, i >= (whole ? 16 : 224) || i < 8 ? 0 : i < 16 ? (uint8_t)(height >> 8 * (i - 8)) : (uint8_t)i);
	}
	if (!whole && part == PART_HEADER) { /* tx_count, and what follows it */
		put_u32(&w, lane == 3);
		for (int i = 212; i < LANE_HEADER_LEN; i++)
			put_u8(&w, i >= 224 ? 0 : (uint8_t)i);
	}
	*bytes = p;
	*len = w.len;
	return 0;
}

static int find(void *arg, const struct id *txid, struct wire_found *out)
{
	(void)arg;
	*out = (struct wire_found){.found = true, .place = {WORLD_HEIGHT, 3, 0}, .status = V_NO_FUNDS};
	return txid->b[0] == 0xab ? 0 : -ENOENT;
}

static int proof(void *arg, const struct wire_place *place, uint8_t **text, size_t *len)
{
	(void)arg, (void)place;
	*text = (uint8_t *)strdup("zeus-proof 1\n");
	*len = 13;
	return 0;
}

static void fold(struct fact f)
{
	model_fold(v.model, &f);
}

static void fold_app(void)
{
	uint8_t meta[1024];
	struct wbuf w = wbuf_on(meta, sizeof meta);
	struct deploy d = {.cwd = "/", .nargs = 2, .nenv = 1, .args = {"/bin/demo", "two words"}, .env = {"A=b"}};
	struct fact f = {.kind = FACT_APP, .u.app = {.app = world_id(11), .owner = world_address(1), .name = "demo"}};
	deploy_put(&w, &d);
	f.u.app.meta = (struct slice){meta, w.len};
	memset(f.u.app.image, 0x5a, sizeof f.u.app.image);
	fold(f);
}

static void fold_orders(void)
{
	struct fact ask = world_order(1, 1, "night", SIDE_ASK, ORDER_PARTIAL, 2000000);
	struct fact bid = world_order(2, 2, "job1", SIDE_BID, ORDER_FILLED, 5000000);
	ask.u.order.res = world_vector(1000, 512, 0, 20000, 20000);
	ask.u.order.node = world_id(9);
	ask.u.order.max_s = 7200;
	ask.u.order.filled = 1;
	ask.u.order.value = money_of(1000000);
	ask.u.order.locked = money_of(800000);
	strcpy(bid.u.order.app, "demo");
	bid.u.order.filled = 1;
	bid.u.order.value = money_of(1000000);
	fold(ask);
	fold(bid);
	struct fact no = world_order(3, 2, "poor", SIDE_BID, ORDER_REJECTED, 1000000);
	struct fact wait = world_order(4, 2, "more", SIDE_BID, ORDER_OPEN, 1000000);
	no.u.order.reason = V_NO_FUNDS;
	no.u.order.tif = TIF_FOK;
	wait.u.order.qty = 3;
	wait.u.order.expiry_ms = WORLD_MS + 86400000;
	wait.u.order.locked = money_of(2500000);
	fold(no);
	fold(wait);
}

static void fold_leases(void)
{
	struct fact l = world_lease(1, 2, 1, "job1", "run", LEASE_RUN), old = world_lease(2, 2, 1, "job1", "done", LEASE_TERMINAL);
	strcpy(l.u.lease.app, "demo");
	strcpy(old.u.lease.app, "demo");
	l.u.lease.bond = money_of(40000);
	l.u.lease.paid = money_of(6000);
	l.u.lease.commission = money_of(60);
	l.u.lease.usage_seq = 4;
	l.u.lease.last_usage = world_id(6);
	l.u.lease.deadline_ms = WORLD_MS + 605000;
	strcpy(l.u.lease.reason, "accept");
	strcpy(l.u.lease.endpoint, "any 100.64.0.6 - -");
	fold(l);
	fold(old);
	struct fact u = {.kind = FACT_USAGE};
	u.u.usage.settled = true;
	u.u.usage.receipt = (struct usage_receipt){.seq = 4, .instance = world_lease_id(1), .t0_ms = WORLD_MS, .t1_ms = WORLD_MS + 20000,
		.meter = {20, 9000000, 2560, 0, 100, 200, 4096, 0, 1, 2}, .group_id = 12, .prev = world_id(7)};
	fold(u);
}

static void fold_pays(void)
{
	struct fact f = {.kind = FACT_PAY};
	f.u.pay = (struct fact_pay){.kind = PAY_ESCROW, .lane = 2, .account = world_address(2), .amount = money_of(160000), .height = 3};
	f.u.pay.time_ms = WORLD_MS + 3000;
	f.u.pay.object = world_id(2);
	fold(f);
	f.u.pay = (struct fact_pay){.kind = PAY_TRANSFER, .lane = 2, .in = true, .account = world_address(2), .other = world_address(1)};
	f.u.pay.amount = money_of(100000000);
	f.u.pay.height = 4;
	f.u.pay.time_ms = WORLD_MS + 4000;
	f.u.pay.object = world_id(8);
	strcpy(f.u.pay.memo, "for the rent");
	fold(f);
}

static void fold_tokens(void)
{
	struct fact f = world_account(3, 0);
	f.u.account.vesting = (struct vesting){.type = VEST_TEAM, .total = money_of(400000000), .start_ms = WORLD_MS};
	f.u.account.balance = money_of(450000000);
	f.u.account.deposit = money_of(1200);
	f.u.account.stake = (struct stake){.staked = money_of(700000000), .unstaking = money_of(5), .unstake_ms = WORLD_MS + 86400000,
		.votes = {.n = 2, .site = {1, 40}}, .proxy = world_address(2)};
	fold(f);
	fold((struct fact){.kind = FACT_HOLDING, .u.holding = {world_address(2), 1, money_of(12345)}}); /* before its token */
	fold((struct fact){.kind = FACT_TOKEN, .u.token = {.token = 1, .symbol = "GOLD", .decimals = 2, .num = 1, .den = 1000000,
		.issuer = world_address(1), .supply = money_of(72345), .reserve = money_of(72345000000)}});
	fold((struct fact){.kind = FACT_TOKEN, .u.token = {.token = 2, .symbol = "BITS", .decimals = 0, .mode = TOKEN_ISSUER,
		.num = 3, .den = 1, .issuer = world_address(3), .supply = money_of(7), .reserve = money_of(3)}});
	fold((struct fact){.kind = FACT_HOLDING, .u.holding = {world_address(3), 1, money_of(60000)}});
	fold((struct fact){.kind = FACT_HOLDING, .u.holding = {world_address(2), 2, money_of(7)}});
	fold((struct fact){.kind = FACT_HOLDING, .u.holding = {world_address(1), 2, money_of(1)}});
	fold((struct fact){.kind = FACT_HOLDING, .u.holding = {world_address(1), 2, money_of(0)}}); /* none any more */
	f = (struct fact){.kind = FACT_PAY, .u.pay = {.kind = PAY_TOKEN, .lane = 2, .in = true, .account = world_address(2), .token = 1,
		.amount = money_of(12345), .height = 5, .time_ms = WORLD_MS + 5000, .object = world_id(12)}};
	fold(f);
}

static void fold_world(void)
{
	struct resources unit = world_vector(1000, 2048, 0, 100000, 100000);
	fold(world_symbol(1, "cpu", unit));
	unit.v[RES_GPU] = 1;
	fold(world_symbol(2, "gpu.h100@cn-east", unit));
	fold(world_account(1, 100000000000));
	fold(world_account(2, 5000000000));
	fold((struct fact){.kind = FACT_NODE, .u.node = {.node = world_id(9), .owner = world_address(1), .name = "here", .rating = 1000,
		.caps = world_vector(8000, 16384, 0, 1000000, 1000000), .free = world_vector(7000, 15872, 0, 980000, 980000)}});
	fold_app();
	fold_orders();
	fold_leases();
	fold(world_trade(1, 2000000));
	fold(world_trade(2, 2100000));
	fold_pays();
	fold_tokens();
	for (uint64_t h = 0; h <= WORLD_HEIGHT; h++) {
		for (uint8_t lane = 0; lane < CHAINS; lane++)
			fold(world_lane(lane, h));
		fold(world_block(h));
	}
}

static void put_reports(void)
{
	static const char live[] =
	    "sample 7\nusage_usec 9000001\nthrottled_usec 12\nmemory_current 4096\noom_kills 0\nend 7\nls 0\nend 6\n";
	static const char limits[] = "cpu max=50000/100000\nmem max=134217728 swap=0\n",
		state[] = "running by the book - 4242 1543658406000\n";
	struct id lease = world_lease_id(1);
	char name[LEASE_NAME_LEN + 1], path[64];
	lease_name_of(&lease, name);
	snprintf(path, sizeof path, "live/%s", name);
	close(make_dir(path));
	snprintf(path, sizeof path, "tasks/%s", name);
	close(make_dir(path));
	snprintf(path, sizeof path, "live/%s/live", name);
	put_file(path, live, strlen(live));
	snprintf(path, sizeof path, "live/%s/limits", name);
	put_file(path, limits, strlen(limits));
	snprintf(path, sizeof path, "live/%s/state", name);
	put_file(path, state, strlen(state));
	snprintf(path, sizeof path, "tasks/%s/log", name);
	put_file(path, "hello\n", 6);
	snprintf(path, sizeof path, "%s/tasks/%s/stderr", dir, name);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0); /* never followed */
}

/* An archive of one member: the manifest of the app's image. */
static void put_image(void)
{
	char tar[2048] = "", path[128], hex[65];
	uint8_t digest[32];
	memset(digest, 0x5a, sizeof digest);
	hex_encode(digest, sizeof digest, hex);
	snprintf(tar, 100, "blobs/sha256/%s", hex);
	strcpy(tar + 124, "00000000003");
	memcpy(tar + 512, "{}\n", 3);
	snprintf(path, sizeof path, "images/%s.tar", hex);
	put_file(path, tar, sizeof tar);
}

static void put_local(int state_fd)
{
	ck_assert_int_eq(local_new(state_fd, &v.local), 0);
	ck_assert_int_eq(local_task_make(v.local, 1000, "render1", 0750), 0);
	ck_assert_int_eq(local_task_set(v.local, "render1", SET_CMD, "a\nb\n", 4, 0, true), 0);
	ck_assert_int_eq(local_token_make(v.local, 1000, "SILVER"), 0);
	ck_assert_int_eq(local_token_make(v.local, 0, "SECRET"), 0); /* another's */
	ck_assert_int_eq(local_draft_make(v.local, 1000, ".next", 0600), 0);
	ck_assert_int_eq(local_draft_write(v.local, 1000, ".next", "bid cpu\n", 8, 0), 0);
	local_error(v.local, 1000, ENXIO, "/zeus/market/orders/r2", "no such symbol", "bid gpux price=1", 4);
}

void world_make(void)
{
	static const uint32_t uid[WORLD_UIDS] = {0, 1000};
	struct address a[WORLD_UIDS] = {world_address(1), world_address(2)};
	strcpy(dir, "/tmp/zeus-test-tree-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	names = names_new();
	names_load(names, "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/:\n");
	v = (struct view){.model = model_new(), .names = names, .gid_zeus = 990, .node_id = world_id(9), .node_name = "here",
		.engine = "solo",
		.mount = "/zeus", .fetch = fetch, .find = find, .proof = proof, .clock_ms = WORLD_MS + WORLD_HEIGHT * 1000};
	v.tasks_fd = make_dir("tasks");
	v.live_fd = make_dir("live");
	v.images_fd = make_dir("images");
	put_local(make_dir("views"));
	put_reports();
	put_image();
	model_uids(v.model, uid, a, WORLD_UIDS);
	fold_world();
	model_set_up(v.model, true);
}

void world_drop(void)
{
	char command[64];
	local_free(v.local);
	model_free(v.model);
	names_free(names);
	close(v.tasks_fd);
	close(v.live_fd);
	close(v.images_fd);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* From a path to a node, as the kernel does it. */
int resolve(const char *path, struct node *n)
{
	char copy[512], *rest = copy;
	int rc = 0;
	strcpy(copy, path);
	tree_root(n);
	for (char *name; rc == 0 && (name = strsep(&rest, "/"));) {
		struct node dir_node = *n;
		rc = tree_lookup(&v, 1000, &dir_node, name, n);
	}
	return rc;
}

char *content(const char *path, uid_t uid)
{
	static struct page text;
	struct node n;
	page_free(&text);
	ck_assert_msg(resolve(path, &n) == 0, "%s is not there", path);
	ck_assert_int_eq(tree_render(&v, uid, &n, &text), 0);
	page_put(&text, "", 0);
	return text.p;
}
