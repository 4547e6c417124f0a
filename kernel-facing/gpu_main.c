/* zeus-gpu: asks NVIDIA's library how busy the cards are, and says so once a second.
 *
 * The library is the vendor's, large, and not ours to trust: so it is loaded here, in a process that has no privilege, no file and one
 * socket on which it only sends. It knows a few of NVML's calls. It does not know leases. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "common/confine.h"
#include "common/limits.h"
#include "common/log.h"
#include "kernel-facing/gpu_sample.h"

/* NVML's ABI, as its version 11 and later have it. */
struct nvml_pci { char bus_legacy[16]; unsigned domain, bus, device, device_id, subsystem_id; char bus_id[32]; };
struct nvml_memory { unsigned long long total, free, used; };
struct nvml_rates { unsigned gpu, memory; }; /* percent */

struct nvml {
	int (*init)(void);
	int (*count)(unsigned *n);
	int (*by_index)(unsigned i, void **device);
	int (*pci)(void *device, struct nvml_pci *out);
	int (*memory)(void *device, struct nvml_memory *out);
	int (*rates)(void *device, struct nvml_rates *out);
};

static bool find(void *lib, const char *name, void *slot)
{
	void *f = dlsym(lib, name);
	memcpy(slot, &f, sizeof f);
	if (!f)
		log_error("libnvidia-ml.so.1 has no %s", name);
	return f != NULL;
}

static bool load(struct nvml *n)
{
	void *lib = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		log_error("GPUs are not measured: %s", dlerror());
		return false;
	}
	bool whole = find(lib, "nvmlInit_v2", &n->init) && find(lib, "nvmlDeviceGetCount_v2", &n->count) &&
	    find(lib, "nvmlDeviceGetHandleByIndex_v2", &n->by_index) && find(lib, "nvmlDeviceGetPciInfo_v3", &n->pci) &&
	    find(lib, "nvmlDeviceGetMemoryInfo", &n->memory) && find(lib, "nvmlDeviceGetUtilizationRates", &n->rates);
	if (whole && n->init() == 0)
		return true;
	log_error("GPUs are not measured: NVML does not start");
	return false;
}

/* False: nobody listens any more. What there is no room for is left out: the next sample tells the same. */
static bool tell(const struct nvml *n, int fd, unsigned i)
{
	struct gpu_sample s = {.permille = 0};
	struct nvml_pci pci = {.domain = 0};
	struct nvml_memory mem = {.total = 0};
	struct nvml_rates rates = {.gpu = 0};
	void *device;
	if (n->by_index(i, &device) != 0 || n->pci(device, &pci) != 0)
		return true;
	snprintf(s.bus, sizeof s.bus, "%04x:%02x:%02x.0", pci.domain & 0xffff, pci.bus & 0xff, pci.device & 0x1f);
	if (n->memory(device, &mem) == 0) {
		s.mem_used = mem.used;
		s.mem_total = mem.total;
	}
	if (n->rates(device, &rates) == 0)
		s.permille = rates.gpu > 100 ? 1000 : rates.gpu * 10;
	return send(fd, &s, sizeof s, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof s || errno == EAGAIN;
}

static bool tell_all(const struct nvml *n, int fd)
{
	unsigned count = 0;
	if (n->count(&count) != 0)
		return false;
	for (unsigned i = 0; i < count && i < GPUS_PER_NODE; i++)
		if (!tell(n, fd, i))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	bool once = argc == 2 && strcmp(argv[1], "--once") == 0;
	struct rlimit none = {0, 0};
	struct nvml n;
	struct pollfd p = {.fd = 3};
	log_open("zeus-gpu");
	int type;
	socklen_t len = sizeof type;
	if (argc > 2 || (argc == 2 && !once) || getsockopt(p.fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET) {
		log_error("zeus-gpu is started by zeus-broker, not by hand");
		return 2;
	}
	if (confine_deny() < 0 || setrlimit(RLIMIT_CORE, &none) < 0 || !load(&n))
		return 1;
	while (tell_all(&n, p.fd) && !once)
		if (poll(&p, 1, GPU_SAMPLE_MS) != 0) /* the other side sends nothing: it is gone */
			return 0;
	return 0;
}
