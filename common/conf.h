/* /etc/zeus/zeus.conf and conf.d/: INI, strict. An unknown key, a bad value, or a file that others than root may write
 * is refused with file:line and a sentence. Every key has a default that works. */
#ifndef ZEUS_CONF_H
#define ZEUS_CONF_H
#include <sys/types.h>
#include "common/text.h"

#define CONF_PATH_LEN 256
#define CONF_UIDS_MAX 64
#define CONF_STATE_DIR "/var/lib/zeus" /* unless said otherwise */

struct conf {
	/* [node] */
	char mount[CONF_PATH_LEN];        /* /zeus */
	char state_dir[CONF_PATH_LEN];    /* /var/lib/zeus */
	char run_dir[CONF_PATH_LEN];      /* /run/zeus; state_dir/run when state_dir is given and run_dir is not */
	bool run_dir_given;
	char node_name[NAME_MAX_LEN + 1]; /* host name */
	uint32_t receipt_interval_s;      /* 60: usage receipts on chain */
	uint32_t operator_uid;            /* 0: whose account owns this node */
	char user_ledger[33], user_views[33], user_plan[33], group_zeus[33];
	/* [offer] what this machine sells at most */
	bool offer_all;                   /* no offer key was given: half of the machine */
	struct resources offer;           /* cpu= mem= disk= up= down= conn= pids= gpu= */
	struct resources per_lease;       /* lease_cpu= ...; default = offer */
	uint32_t offer_given, per_lease_given; /* bit k: kind k was given; the rest of offer is the broker's to fill */
	uint32_t max_leases;              /* 64 */
	char devices[DEVICES_PER_LEASE][64]; uint32_t ndevices; /* device = /dev/... , may repeat */
	enum reach reach;                 /* none */
	char gpus[CONF_PATH_LEN];         /* none, all, or names of those that may be leased */
	char cdi[CONF_PATH_LEN];          /* where CDI specs are; "": /etc/cdi and /var/run/cdi */
	uint32_t gpu_fake;                /* devices that are made for trying things out; 0 */
	/* [trade] */
	bool trade_all;                   /* uids = all | list */
	uint32_t uids[CONF_UIDS_MAX], nuids;
	/* [runtime] */
	char runtime[64];                 /* auto */
	char conmon[CONF_PATH_LEN];       /* conmon */
	uint32_t task_uid_base;           /* 524288 */
	/* [ledger] */
	uint32_t threads;                 /* that carry out a round; 0: one per processor, at most LANES */
	uint32_t keep_blocks;             /* whole blocks that are kept; 0: all */
	uint32_t keep_states;             /* heights back at which the books can be looked at; 1024 */
	/* [log] */
	int log_level;
};

void conf_defaults(struct conf *c);
/* Reads file (NULL: the default path, which may be absent) and the *.conf in conf.d beside it, in the order of their names; later
 * ones win. why: 512 bytes, "file:line: sentence". False = refuse to start (exit 78); c is untouched. */
bool conf_read(struct conf *c, const char *file, char *why);
/* The state directory was named on the command line (absolute): everything of this installation moves below it. False: no such path. */
bool conf_set_state_dir(struct conf *c, const char *dir);
bool conf_uid_may_trade(const struct conf *c, uid_t uid);
#endif
