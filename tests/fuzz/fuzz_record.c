/* The books' records, as a damaged disk might hand them back: a run of (key blob, value blob).
 *
 * Loading says no or gives books that write each record again as it was; a snapshot of them does no harm. */
#include "common/cleanup.h"
#include "ledger/state/state.h"
#include "tests/fuzz/fuzz.h"

#define RECORDS_MAX 512

struct records { struct slice key[RECORDS_MAX], value[RECORDS_MAX]; size_t n; };

static void same_record(void *arg, struct slice key, struct slice value)
{
	const struct records *all = arg;
	for (size_t i = 0; i < all->n; i++)
		if (all->key[i].len == key.len && memcmp(all->key[i].p, key.p, key.len) == 0) {
			must(value.p != NULL && value.len == all->value[i].len && memcmp(all->value[i].p, value.p, value.len) == 0);
			return;
		}
	must(key.len == 2); /* only the summary of a lane may come out that did not go in */
}

static void any_fact(void *arg, const struct fact *f)
{
	(void)arg;
	struct wbuf w = fuzz_room();
	fact_put(&w, f);
	must(!w.bad);
}

static bool known(const struct records *all, struct slice key)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->key[i].len == key.len && memcmp(all->key[i].p, key.p, key.len) == 0)
			return true;
	return false;
}

/* As the store gives them: each key once. */
static bool load(struct state *s, struct slice bytes, struct records *all)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	while (r.pos < r.len) {
		struct slice key = get_blob(&r, 128), value = get_blob(&r, FUZZ_INPUT_MAX);
		if (r.bad || all->n == RECORDS_MAX || known(all, key) || !state_load(s, key, value))
			return false;
		all->key[all->n] = key;
		all->value[all->n++] = value;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree struct genesis *g = malloc(sizeof *g);
	autofree struct records *all = calloc(1, sizeof *all);
	struct state *s;
	must(g && all);
	genesis_local(g);
	must(state_new(g, &s) == V_OK);
	state_load_begin(s);
	if (load(s, (struct slice){data, size}, all) && state_load_end(s, 7, 1000000)) {
		for (uint8_t lane = 0; lane < CHAINS; lane++)
			state_genesis_records(s, lane, same_record, all);
		state_snapshot(s, any_fact, NULL);
	}
	state_free(s);
	return 0;
}
