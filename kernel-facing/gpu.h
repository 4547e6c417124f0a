/* The GPUs of this machine: what each is, which nodes a task needs of it, what CDI adds to the task.
 *
 * One node, the first, is the device's own and stands for it in a quota; the others (a control node, a driver's common node, the card
 * that a part lies on) may be in several leases at once. Nothing here opens a device. */
#ifndef ZEUS_GPU_H
#define ZEUS_GPU_H
#include "kernel-facing/host.h"
#include "kernel-facing/kernel.h"

#define GPU_NODES_MAX 16 /* a part of a card: itself, its seven instances, the card, four of the driver's */
#define DEVICE_RULES_MAX (DEVICES_PER_LEASE * GPU_NODES_MAX)
#define GPU_NAME_MAX 64

struct json_t;

struct gpu_node { struct device_rule rule; char name[GPU_NAME_MAX]; }; /* name below /dev */

enum gpu_meter { GPU_METER_NONE, GPU_METER_NVML, GPU_METER_DRM };

struct gpu {
	struct gpu_info info;
	char bus[16];            /* "0000:62:00.0"; "" if it has none */
	char card[GPU_NAME_MAX]; /* of a part: the card's name */
	bool offered;            /* the owner leases it; the others are known so that a lease which has one already keeps it */
	int numa;                /* -1: unknown */
	char alive[HOST_PATH];   /* as long as this is there, so is the device */
	enum gpu_meter meter;
	uint32_t nnodes;
	struct gpu_node node[GPU_NODES_MAX];
	struct json_t *env, *mounts; /* of CDI: lists for config.json; NULL: none */
};

struct gpu_table { uint32_t n; char note[256]; struct gpu gpu[GPUS_PER_NODE]; };

/* What looks for devices, each for its kind; all add to the table and skip what they cannot read. */
void gpu_find_nvidia(const struct gpu_config *cfg, struct gpu_table *t);
void gpu_find_drm(const struct gpu_config *cfg, struct gpu_table *t);
void gpu_find_cdi(const struct gpu_config *cfg, struct gpu_table *t); /* last: its specs name devices of the others */
int gpu_find_fake(const struct gpu_config *cfg, struct gpu_table *t, char *why);

/* For those: a new entry, zeroed, texts "-"; NULL if the table is full. */
struct gpu *gpu_add(struct gpu_table *t);
bool gpu_add_node(struct gpu *g, char type, uint32_t major, uint32_t minor, const char *name);
bool gpu_has(const struct gpu *g, const struct device_rule *rule);
/* Cuts what is read to what may be shown: blanks become "_", what is not printable "?". */
void gpu_text(char *out, size_t cap, const char *text);
/* "8:1" of a sysfs dev file. */
bool gpu_read_dev(const char *path, uint32_t *major, uint32_t *minor);

/* NULL if it is not among them. t may be NULL. */
const struct gpu *gpu_find(const struct gpu_table *t, const struct device_rule *rule);
/* Every node that the quota's devices need, each once; what is not in the table stands for itself. */
uint32_t gpu_nodes(const struct gpu_table *t, const struct quota *q, struct gpu_node out[DEVICE_RULES_MAX]);
/* How many of the quota's devices are still there. One that is not in the table is asked for by its number. */
uint32_t gpus_alive(const struct gpu_table *t, const struct quota *q);
/* Can these devices hold that much? True if nothing tells. */
bool gpu_memory_fits(const struct gpu_table *t, const struct quota *q);
#endif
