/* Closes every lease that an interrupted benchmark left in its directory, ends a runtime that it had started, and says so if a lease
 * would not close.
 *
 * It knows the directory and the instance id. It does not know which benchmark it was. */
#include "bench/measure.h"
#include "bench/peer_runtime.h"
#include "bench/site.h"

int main(int argc, char **argv)
{
	struct site s;
	if (argc != 3)
		measure_fail("usage: bench_sweep DIR INSTANCE");
	site_open(&s, "sweep", argv[1], argv[2]);
	peer_runtime_sweep(direct_of(s.k));
	uint32_t left = site_close(&s);
	if (left)
		measure_fail("%u leases of instance %s could not be closed", left, argv[2]);
	return 0;
}
