/* What zeus-gpu tells of one device, a packet each: its only word to the parent, which takes it for hostile. */
#ifndef ZEUS_GPU_SAMPLE_H
#define ZEUS_GPU_SAMPLE_H
#include <stdint.h>

#define GPU_SAMPLE_MS 1000 /* between two of one device */

struct gpu_sample {
	char bus[16];            /* "0000:62:00.0", NUL-terminated */
	uint32_t permille;       /* of the last while in which it was busy; 0..1000 */
	uint32_t pad;
	uint64_t mem_used, mem_total; /* bytes */
};
#endif
