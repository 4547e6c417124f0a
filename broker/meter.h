/* The meter of one lease: cumulative counts that outlive restarts of this process, and the receipt made of them.
 *
 * up counts only while the lease is billable, its limits are in force and nothing drifted. Times are CLOCK_BOOTTIME milliseconds.
 * A group that was made anew (its id or the boot changed) starts counting from what was counted before. */
#ifndef ZEUS_METER_H
#define ZEUS_METER_H
#include "common/fact.h"
#include "kernel-facing/kernel.h"

struct lease_meter {
	uint64_t up_ms, drift_ms, stall_ms;
	uint64_t mem_mib_ms;        /* integral of memory over time */
	uint64_t base_cpu_us, base_tx, base_rx, base_io, base_gpu_ms; /* counted by groups that are gone */
	uint64_t cpu_us, tx, rx, io, gpu_ms;                          /* of the present group */
	uint64_t pressure_us, throttled_us, steal_us, busy_us;        /* at the last tick */
	uint64_t ahead_us;          /* of pressure that its quota may still turn out to have caused: at most METER_LAG_US */
	uint64_t group_id;
	uint8_t boot_id[16];
	uint64_t last_ms;           /* boot time of the last tick; 0 = none yet */
	uint64_t t0_ms;             /* wall clock at the first tick */
	uint64_t deploy_rev;        /* of the container that runs: kept here because it, too, must outlive a restart */
	uint64_t drifted;           /* 1: since the last tick its limits have not been in force; kept for a restart, too */
	uint32_t seq;               /* of the last receipt that the ledger accepted */
	struct id prev;             /* its hash */
};

#define METER_LAG_US 1000000u /* the kernel tells of a throttled stretch when it is over: the longest period of a quota */

enum meter_condition { METER_IDLE, METER_UP, METER_DRIFTED };
/* Count the time since the last tick, during which c held. */
void meter_tick(
    struct lease_meter *m, const struct usage *u, const uint8_t boot_id[16], uint64_t boot_ms, uint64_t wall_ms, enum meter_condition c);
/* The next tick counts at most ms: what passed before that is nobody's to bill. */
void meter_at_most(struct lease_meter *m, uint64_t boot_ms, uint64_t ms);
void meter_accepted(struct lease_meter *m, const struct fact_lease *f);
void meter_receipt(const struct lease_meter *m, const struct id *lease, uint64_t wall_ms, struct usage_receipt *out);
/* As text that meter_load reads back; "name value" lines. */
size_t meter_save(const struct lease_meter *m, char *out, size_t cap);
bool meter_load(struct lease_meter *m, const char *text);
#endif
