/* Looking things up in a compiled contract by name.
 *
 * Knows the well-known names of meters and where each is kept in a usage receipt. It does not know what meters count. */
#include "ledger/state/contract_fsm.h"

static int find(const struct fsm *f, const uint16_t *name, uint8_t n, const char *wanted)
{
	for (int k = 0; k < n; k++)
		if (strcmp(f->names[name[k]], wanted) == 0)
			return k;
	return -1;
}

int fsm_role(const struct fsm *f, const char *name) { return find(f, f->role, f->nroles, name); }
int fsm_param(const struct fsm *f, const char *name) { return find(f, f->param, f->nparams, name); }
int fsm_reg(const struct fsm *f, const char *name) { return find(f, f->reg, f->nregs, name); }

int fsm_hold(const struct fsm *f, const char *name)
{
	for (int k = 0; k < f->nholds; k++)
		if (strcmp(f->names[f->hold[k].name], name) == 0)
			return k;
	return -1;
}

int fsm_meter(const struct fsm *f, const char *name)
{
	for (int k = 0; k < f->nmeters; k++)
		if (strcmp(f->names[f->meter[k].name], name) == 0)
			return f->meter[k].slot;
	return -1;
}

uint8_t meter_slot(const char *name)
{
	static const char *const well_known[METERS] = {
		[METER_UP_S] = "up", [METER_CPU_US] = "cpu", [METER_MEM_MIB_S] = "mem", [METER_GPU_MS] = "gpu", [METER_TX_B] = "tx",
		[METER_RX_B] = "rx", [METER_IO_B] = "io", [METER_APP] = "app", [METER_DRIFT_S] = "drift", [METER_STALL_S] = "stall",
	};
	for (uint8_t slot = 0; slot < METERS; slot++)
		if (strcmp(well_known[slot], name) == 0)
			return slot;
	return METER_APP;
}

uint32_t fsm_roles(const struct fsm *f) { return f->nroles; }

uint8_t fsm_hold_owner(const struct fsm *f, uint8_t hold)
{
	return hold < f->nholds ? f->hold[hold].owner : FSM_NONE;
}

bool fsm_listens(const struct fsm *f, uint8_t state, const char *event)
{
	const struct fsm_state *s = &f->state[state < f->nstates ? state : 0];
	bool found = false;
	for (uint8_t k = 0; k < s->n_tr && state < f->nstates; k++)
		found |= fsm_tr_is(f, &f->tr[s->first_tr + k], event);
	return found;
}

const char *fsm_state_name(const struct fsm *f, uint8_t state)
{
	return state < f->nstates ? f->names[f->state[state].name] : "";
}

uint8_t fsm_state_flags(const struct fsm *f, uint8_t state)
{
	return state < f->nstates ? f->state[state].flags : LEASE_TERMINAL;
}
