/* What users write into order, ctl and batch files, cut into writes: the first byte says which file, the second how long a write is.
 *
 * Each refusal has an errno and a sentence, and a column inside the line; a batch that is ready has as many parts as were taken. */
#include "common/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "zfs-views/batch.h"
#include "zfs-views/ctl.h"
#include "zfs-views/exchange.h"
#include "zfs-views/lines.h"

struct writer { uint8_t file; struct batch batch; struct model *model; struct address owner; struct id self; };

static bool take(void *arg, const char *line, uint32_t index, struct refusal *why)
{
	struct writer *w = arg;
	struct batch_of of = {.m = w->model, .owner = &w->owner, .self = &w->self};
	struct order_line o;
	struct ctl c;
	(void)index;
	must(strlen(line) <= LINE_MAX_LEN);
	switch (w->file % 5) {
	case 0: return order_line_parse(line, false, &o, why);
	case 1: return order_line_parse(line, true, &o, why);
	case 2: return ctl_lease_parse(line, &c, why);
	case 3: return ctl_task_parse(line, &c, why);
	}
	return batch_line(&w->batch, &of, line, why);
}

/* A market with a symbol and an order, so that batches can name them. */
static struct model *market(const struct address *owner)
{
	struct model *m = model_new();
	struct fact f = {.kind = FACT_SYMBOL};
	must(m != NULL);
	f.u.symbol = (struct fact_symbol){.symbol = 1, .name = "cpu", .lane = 1, .unit = {{1000, 2048, 0, 0, 10240, 100000, 100000, 1000,
	    100, 512, 0, 0}}, .tick = price_of(10000), .min_s = 1, .max_s = 86400};
	model_fold(m, &f);
	f = (struct fact){.kind = FACT_ORDER};
	f.u.order = (struct fact_order){.order = {{1}}, .owner = *owner, .name = "mine", .side = SIDE_BID, .state = ORDER_OPEN,
	    .symbol = 1, .res = {{1000, 512}}, .left = {{1000, 512}}, .qty = 4, .price = price_of(1000000), .min_s = 60,
	    .max_s = 60, .rev = 1};
	model_fold(m, &f);
	return m;
}

static void one_write(struct lines *l, struct writer *w, const char *p, size_t len)
{
	struct refusal why;
	char refused[LINE_MAX_LEN + 1];
	size_t done;
	int err = lines_write(l, p, len, take, w, &why, refused, &done);
	must(done <= len && err == why.err && (err == 0) == (done == len || len == 0));
	must(err == 0 || (why.text[0] && memchr(why.text, 0, sizeof why.text)));
	must(why.column < (int)LINE_MAX_LEN + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer w = {.file = size ? data[0] : 0, .owner = {{7}}, .self = {{8}}};
	struct lines l = {0};
	struct refusal why;
	if (size < 2)
		return 0;
	w.model = market(&w.owner);
	size_t chunk = data[1] ? data[1] * 16u : size;
	for (size_t at = 2; at < size; at += chunk)
		one_write(&l, &w, (const char *)data + at, size - at < chunk ? size - at : chunk);
	if (batch_ready(&w.batch, &why))
		must(w.batch.n >= 1 && w.batch.n <= TX_BATCH_OPS_MAX);
	batch_close(&w.batch);
	model_free(w.model);
	return 0;
}
