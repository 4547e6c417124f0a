/* What this machine does for a lease, as small files that the views child shows: live/<lease>/{state,live,limits,drift,meter}. */
#ifndef ZEUS_REPORT_H
#define ZEUS_REPORT_H
#include "broker/leases.h"

#define METER_SAVE_MS 30000

/* dir_fd: state_dir/live, owned by this process's user. A file is written when what it says has changed, and replaced whole. */
int report_state(int dir_fd, struct lease *l, uint64_t wall_ms);   /* "phase reason exit_code pid since_ms" */
/* The counters, each second: this file stays open and is written in place, between a line "sample N" and a line "end N". Whoever reads it
 * twice with equal results and equal numbers has not read it while it was written. */
int report_live(int dir_fd, struct lease *l);
/* self/gpus: what may be leased, and who has it. */
int report_gpus(int dir_fd, const struct leases *books, const struct inventory *inv);
int report_limits(int dir_fd, const struct lease *l, const struct quota *q, const struct inventory *inv);
int report_drift(int dir_fd, struct lease *l, const struct drift *d, uint32_t n);
int report_meter(int dir_fd, struct lease *l, uint64_t now_ms);
/* The same, but no more often than every METER_SAVE_MS: a restart counts again what the kernel counted meanwhile. */
int report_meter_seldom(int dir_fd, struct lease *l, uint64_t now_ms);
bool report_meter_load(int dir_fd, struct lease *l);
#endif
