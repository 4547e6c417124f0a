/* A libnvidia-ml.so.1 for tests: two cards with figures that a test can look for.
 *
 * It knows the calls that zeus-gpu makes, with the ABI of the vendor's header. It does not know anything of a card. */
#include <stdio.h>

struct pci { char bus_legacy[16]; unsigned domain, bus, device, device_id, subsystem_id; char bus_id[32]; };
struct memory { unsigned long long total, free, used; };
struct rates { unsigned gpu, memory; };

int nvmlInit_v2(void);
int nvmlDeviceGetCount_v2(unsigned *n);
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device);
int nvmlDeviceGetPciInfo_v3(void *device, struct pci *out);
int nvmlDeviceGetMemoryInfo(void *device, struct memory *out);
int nvmlDeviceGetUtilizationRates(void *device, struct rates *out);

static int cards[2] = {0, 1};

int nvmlInit_v2(void) { return 0; }

int nvmlDeviceGetCount_v2(unsigned *n)
{
	*n = 3; /* one of them does not answer */
	return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device)
{
	if (i == 1)
		return 15; /* NVML_ERROR_GPU_IS_LOST */
	*device = &cards[i / 2];
	return 0;
}

int nvmlDeviceGetPciInfo_v3(void *device, struct pci *out)
{
	*out = (struct pci){.bus = 0x62 + (unsigned)*(int *)device};
	snprintf(out->bus_id, sizeof out->bus_id, "00000000:%02X:00.0", out->bus);
	return 0;
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *out)
{
	(void)device;
	*out = (struct memory){81559ULL << 20, 71559ULL << 20, 10000ULL << 20};
	return 0;
}

int nvmlDeviceGetUtilizationRates(void *device, struct rates *out)
{
	*out = (struct rates){*(int *)device ? 250 : 37, 5}; /* the second says what cannot be */
	return 0;
}
