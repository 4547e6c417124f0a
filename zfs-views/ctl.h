/* Commands of leases/ID/ctl and tasks/NAME/ctl. */
#ifndef ZEUS_CTL_H
#define ZEUS_CTL_H
#include "common/fact.h"
#include "zfs-views/refusal.h"

enum ctl_verb { CTL_TOPUP, CTL_RELEASE, CTL_ACCEPT, CTL_REJECT, CTL_CONFIRM, CTL_DISPUTE, CTL_START, CTL_STOP, CTL_KILL,
	CTL_CHANGE, CTL_AGREE, CTL_WITHDRAW, CTL_REFUSE };
struct ctl {
	enum ctl_verb verb; struct money amount; char word[NAME_MAX_LEN + 1];
	struct resources res; uint32_t given; bool priced; struct price price; int column; /* change: what was said, and where */
	uint32_t rev;                  /* agree, withdraw, refuse: the number of the proposal; 0: the one that is shown */
};
#define CTL_ROOM (4 * RESOURCES)

bool ctl_lease_parse(const char *line, struct ctl *out, struct refusal *why);
bool ctl_task_parse(const char *line, struct ctl *out, struct refusal *why);
/* The transaction a verb on a lease stands for. me: the caller's address, must be a party. room: what out may point to. */
bool ctl_lease_tx(const struct ctl *c, const struct fact_lease *lease, const struct address *me, const struct cid *cid,
    uint8_t room[CTL_ROOM], struct tx *out, struct refusal *why);
#endif
