/* What this machine does for a lease, as small files that the views child shows: live/<lease>/{state,live,limits,drift,meter}. */
#ifndef ZEUS_REPORT_H
#define ZEUS_REPORT_H
#include "broker/leases.h"

/* dir_fd: state_dir/live, owned by this process's user. Each file is replaced whole. */
int report_state(int dir_fd, const struct lease *l, uint64_t wall_ms);   /* "phase reason exit_code pid since_ms" */
int report_live(int dir_fd, const struct lease *l);
/* self/gpus: what may be leased, and who has it. */
int report_gpus(int dir_fd, const struct leases *books, const struct inventory *inv);
int report_limits(int dir_fd, const struct lease *l, const struct quota *q, const struct inventory *inv);
int report_drift(int dir_fd, const struct lease *l, const struct drift *d, uint32_t n);
int report_meter(int dir_fd, const struct lease *l);
bool report_meter_load(int dir_fd, struct lease *l);
#endif
