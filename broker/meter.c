/* Counting what the kernel measured, and nothing else.
 *
 * Knows usage readings and time; knows neither price nor contract. The ledger bounds every figure again (PROTOCOL 5.4). */
#include "broker/meter.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void meter_new_series(struct lease_meter *m, const struct usage *u, const uint8_t boot_id[16])
{
	m->base_cpu_us += m->cpu_us;
	m->base_tx += m->tx;
	m->base_rx += m->rx;
	m->base_io += m->io;
	m->base_gpu_ms += m->gpu_ms;
	m->cpu_us = m->tx = m->rx = m->io = m->gpu_ms = 0;
	m->group_id = u->group_id;
	memcpy(m->boot_id, boot_id, sizeof(m->boot_id));
	m->last_ms = 0;
}

/* A counter never goes back, whatever the reading says. */
static void meter_raise(uint64_t *counter, uint64_t reading)
{
	if (reading > *counter)
		*counter = reading;
}

static uint64_t meter_more(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }

/* Ready, not running, and not because of its own quota: other work of the seller's had the processors. */
static uint64_t meter_crowded_us(struct lease_meter *m, const struct usage *u)
{
	uint64_t ahead = meter_more(m->ahead_us + meter_more(u->pressure_us, m->pressure_us), meter_more(u->throttled_us, m->throttled_us));
	m->ahead_us = ahead < METER_LAG_US ? ahead : METER_LAG_US;
	return ahead - m->ahead_us;
}

/* On a processor that the machine's own host had taken away: as large a part of the time in which it ran as of the machine's. */
static uint64_t meter_stolen_us(const struct lease_meter *m, const struct usage *u, uint64_t passed_us)
{
	uint64_t steal = meter_more(u->steal_us, m->steal_us), busy = meter_more(u->busy_us, m->busy_us);
	uint64_t ran = meter_more(u->cpu_us, m->cpu_us);
	if (ran > passed_us)
		ran = passed_us; /* on several processors at once */
	return steal ? (uint64_t)((unsigned __int128)ran * steal / (steal + busy)) : 0;
}

static void meter_time(struct lease_meter *m, const struct usage *u, uint64_t passed_ms, enum meter_condition c)
{
	uint64_t stalled_ms = (meter_crowded_us(m, u) + meter_stolen_us(m, u, passed_ms * 1000)) / 1000;
	if (stalled_ms > passed_ms)
		stalled_ms = passed_ms;
	m->mem_mib_ms += (u->mem_bytes >> 20) * passed_ms;
	if (c == METER_DRIFTED)
		m->drift_ms += passed_ms;
	if (c == METER_UP) {
		m->up_ms += passed_ms - stalled_ms;
		m->stall_ms += stalled_ms;
	}
}

void meter_tick(
    struct lease_meter *m, const struct usage *u, const uint8_t boot_id[16], uint64_t boot_ms, uint64_t wall_ms, enum meter_condition c)
{
	if (u->group_id != m->group_id || memcmp(boot_id, m->boot_id, sizeof(m->boot_id)) != 0)
		meter_new_series(m, u, boot_id);
	if (!m->t0_ms)
		m->t0_ms = wall_ms;
	if (m->last_ms && boot_ms > m->last_ms)
		meter_time(m, u, boot_ms - m->last_ms, c);
	m->last_ms = boot_ms;
	meter_raise(&m->cpu_us, u->cpu_us);
	meter_raise(&m->tx, u->tx_bytes);
	meter_raise(&m->rx, u->rx_bytes);
	meter_raise(&m->io, u->io_bytes);
	meter_raise(&m->gpu_ms, u->gpu_ms);
	m->pressure_us = u->pressure_us;
	m->throttled_us = u->throttled_us;
	m->steal_us = u->steal_us;
	m->busy_us = u->busy_us;
}

void meter_at_most(struct lease_meter *m, uint64_t boot_ms, uint64_t ms)
{
	if (m->last_ms && boot_ms > m->last_ms && boot_ms - m->last_ms > ms)
		m->last_ms = boot_ms - ms;
}

void meter_accepted(struct lease_meter *m, const struct fact_lease *f)
{
	m->seq = f->usage_seq;
	m->prev = f->last_usage;
}

void meter_receipt(const struct lease_meter *m, const struct id *lease, uint64_t wall_ms, struct usage_receipt *out)
{
	memset(out, 0, sizeof(*out));
	out->seq = m->seq + 1;
	out->instance = *lease;
	out->t0_ms = m->t0_ms;
	out->t1_ms = wall_ms > m->t0_ms ? wall_ms : m->t0_ms;
	out->meter[METER_UP_S] = m->up_ms / 1000;
	out->meter[METER_CPU_US] = m->base_cpu_us + m->cpu_us;
	out->meter[METER_MEM_MIB_S] = m->mem_mib_ms / 1000;
	out->meter[METER_GPU_MS] = m->base_gpu_ms + m->gpu_ms;
	out->meter[METER_TX_B] = m->base_tx + m->tx;
	out->meter[METER_RX_B] = m->base_rx + m->rx;
	out->meter[METER_IO_B] = m->base_io + m->io;
	out->meter[METER_DRIFT_S] = m->drift_ms / 1000;
	out->meter[METER_STALL_S] = m->stall_ms / 1000;
	memcpy(out->boot_id, m->boot_id, sizeof(out->boot_id));
	out->group_id = m->group_id;
	out->prev = m->prev;
}

#define METER_FIELDS(X) \
	X(up_ms) X(drift_ms) X(stall_ms) X(mem_mib_ms) X(base_cpu_us) X(base_tx) X(base_rx) X(base_io) X(base_gpu_ms) \
	X(cpu_us) X(tx) X(rx) X(io) X(gpu_ms) X(pressure_us) X(throttled_us) X(steal_us) X(busy_us) X(ahead_us) \
	X(group_id) X(last_ms) X(t0_ms) X(deploy_rev) X(drifted)

size_t meter_save(const struct lease_meter *m, char *out, size_t cap)
{
	char boot[33];
	hex_encode(m->boot_id, sizeof(m->boot_id), boot);
	int n = snprintf(out, cap, "boot_id %s\n", boot);
#define X(field) \
	if (n >= 0 && (size_t)n < cap) \
		n += snprintf(out + n, cap - n, #field " %" PRIu64 "\n", m->field);
	METER_FIELDS(X)
#undef X
	return n < 0 || (size_t)n >= cap ? 0 : (size_t)n;
}

static bool meter_field(struct lease_meter *m, const char *name, uint64_t value)
{
#define X(field) \
	if (strcmp(name, #field) == 0) { \
		m->field = value; \
		return true; \
	}
	METER_FIELDS(X)
#undef X
	return false;
}

bool meter_load(struct lease_meter *m, const char *text)
{
	struct lease_meter read = *m;
	char boot[33];
	if (sscanf(text, "boot_id %32s", boot) != 1 || !hex_decode(boot, read.boot_id, sizeof(read.boot_id)))
		return false;
	for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		char name[24];
		uint64_t value;
		if (sscanf(line + 1, "%23s %" SCNu64, name, &value) != 2 || !meter_field(&read, name, value))
			return false;
	}
	*m = read;
	return true;
}
