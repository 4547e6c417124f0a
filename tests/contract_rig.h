/* One instance of a contract with a clock and a till: after every step, money that went in is in a hold or came out. */
#ifndef ZEUS_TESTS_CONTRACT_RIG_H
#define ZEUS_TESTS_CONTRACT_RIG_H
#include "ledger/state/contract.h"

#define RIG_EPOCH_MS 1700000000000ULL

struct rig {
	struct fsm *f;
	struct fsm_run run;
	struct fsm_outcome out;          /* of the last step that was not refused */
	uint64_t now_ms;
	uint64_t put_in, came_out;
	uint64_t got[FSM_ROLES_MAX];     /* by role, refunds included */
	int good[FSM_ROLES_MAX], bad[FSM_ROLES_MAX];
	uint64_t arg[4];                 /* of the next event */
};

char *rig_file(const char *name);                      /* tests/contracts/NAME.zeus; freed by the caller */
struct fsm *rig_compile(const char *text);
void rig_open(struct rig *g, struct fsm *f);           /* takes f; params and holds zero */
void rig_close(struct rig *g);
void rig_param(struct rig *g, const char *name, uint64_t value);
void rig_put(struct rig *g, const char *hold, uint64_t amount);
void rig_start(struct rig *g);
enum verdict rig_fire(struct rig *g, const char *event, const char *role, uint64_t fund); /* role NULL: raised by the protocol */
void rig_wait(struct rig *g, uint64_t seconds);        /* every timer acts at the millisecond at which it is due */
void rig_sleep(struct rig *g, uint64_t seconds);       /* timers act late, all at the end */
uint64_t rig_got(const struct rig *g, const char *role);
uint64_t rig_reg(const struct rig *g, const char *name);
uint64_t rig_hold(const struct rig *g, const char *name);
const char *rig_state(const struct rig *g);
bool rig_over(const struct rig *g);
uint64_t rig_random(uint64_t *seed, uint64_t below);
#endif
