/* The task of row 8: says when its first instruction ran, and ends.
 *
 * It knows one clock, which a container shares with its host. It is linked statically, so that an image needs nothing else. */
#include <stdio.h>
#include <time.h>

int main(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("%lld\n", (long long)t.tv_sec * 1000000000 + t.tv_nsec);
	return 0;
}
