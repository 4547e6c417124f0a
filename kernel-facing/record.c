/* The record of a lease as bytes.
 *
 * It knows the layout and refuses anything else. It does not know directories. */
#include <errno.h>
#include <string.h>
#include "kernel-facing/host.h"
#include "kernel-facing/policy.h"
#include "kernel-facing/record.h"

#define RECORD_MAGIC 0x315a4c31u /* changes with the layout */
#define RECORD_MAX 512

void quota_put(struct wbuf *w, const struct quota *q)
{
	put_resources(w, &q->res);
	put_u32(w, q->ndevices);
	for (uint32_t i = 0; i < q->ndevices && i < DEVICES_PER_LEASE; i++) {
		put_u8(w, (uint8_t)q->devices[i].type);
		put_u32(w, q->devices[i].major);
		put_u32(w, q->devices[i].minor);
	}
}

bool quota_get(struct rbuf *r, struct quota *out)
{
	struct quota q = {.res = get_resources(r)};
	q.ndevices = get_u32(r);
	if (q.ndevices > DEVICES_PER_LEASE)
		return false;
	for (uint32_t i = 0; i < q.ndevices; i++) {
		q.devices[i].type = (char)get_u8(r);
		q.devices[i].major = get_u32(r);
		q.devices[i].minor = get_u32(r);
		if (q.devices[i].type != 'c' && q.devices[i].type != 'b')
			return false;
	}
	if (r->bad)
		return false;
	*out = q;
	return true;
}

bool quota_eq(const struct quota *a, const struct quota *b)
{
	if (!resources_eq(&a->res, &b->res) || a->ndevices != b->ndevices)
		return false;
	for (uint32_t i = 0; i < a->ndevices; i++)
		if (!device_rule_eq(&a->devices[i], &b->devices[i]))
			return false;
	return true;
}

int record_write(const char *path, const struct record *rec)
{
	uint8_t bytes[RECORD_MAX];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	put_u32(&w, RECORD_MAGIC);
	put_bytes(&w, rec->boot_id, sizeof rec->boot_id);
	put_u8(&w, rec->whole);
	put_u8(&w, rec->frozen);
	put_u8(&w, rec->stage);
	put_u32(&w, rec->slot);
	put_u32(&w, (uint32_t)rec->init_pid);
	put_u64(&w, rec->init_start);
	put_u32(&w, rec->oom_before);
	quota_put(&w, &rec->quota);
	return w.bad ? -EOVERFLOW : host_swap(path, bytes, w.len, 0600); /* of another boot it is not read: see boot_id */
}

int record_read(const char *path, struct record *out)
{
	char bytes[RECORD_MAX + 1];
	size_t len;
	int r = host_read(path, bytes, sizeof bytes, &len);
	if (r < 0)
		return r;
	struct rbuf b = rbuf_on(bytes, len);
	struct record rec = {0};
	if (get_u32(&b) != RECORD_MAGIC)
		return -EBADMSG;
	get_bytes(&b, rec.boot_id, sizeof rec.boot_id);
	rec.whole = get_bool(&b);
	rec.frozen = get_bool(&b);
	rec.stage = get_u8(&b);
	rec.slot = get_u32(&b);
	rec.init_pid = (int32_t)get_u32(&b);
	rec.init_start = get_u64(&b);
	rec.oom_before = get_u32(&b);
	if (!quota_get(&b, &rec.quota) || !rbuf_end(&b) || rec.stage > STAGE_STARTED)
		return -EBADMSG;
	*out = rec;
	return 0;
}
