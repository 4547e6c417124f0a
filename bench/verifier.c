/* libsodium's crypto_sign_verify_detached in a loop on every processor, for a fixed time.
 *
 * It knows nothing else. */
#include "bench/verifier.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include "bench/measure.h"

#define PEER_NS 1000000000ull
#define THREADS_MAX 64

struct verifier { size_t len; uint64_t done; };

static void *verify_until(void *arg)
{
	struct verifier *v = arg;
	uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES], *message = calloc(1, v->len);
	if (!message || crypto_sign_keypair(pk, sk) != 0)
		measure_fail("no memory");
	crypto_sign_detached(sig, NULL, message, v->len, sk);
	for (uint64_t end = measure_now_ns() + PEER_NS; measure_now_ns() < end; v->done++)
		if (crypto_sign_verify_detached(sig, message, v->len, pk) != 0)
			measure_fail("libsodium refuses its own signature");
	free(message);
	return NULL;
}

double verifier_rate(size_t len, double *cpu_ns)
{
	pthread_t thread[THREADS_MAX];
	struct verifier v[THREADS_MAX];
	int n = measure_cpus() < THREADS_MAX ? measure_cpus() : THREADS_MAX;
	double sum = 0;
	uint64_t start = measure_now_ns(), used = measure_cpu_ns();
	for (int i = 0; i < n; i++) {
		v[i] = (struct verifier){.len = len};
		if (pthread_create(&thread[i], NULL, verify_until, &v[i]))
			measure_fail("no thread");
	}
	for (int i = 0; i < n; i++) {
		pthread_join(thread[i], NULL);
		sum += (double)v[i].done;
	}
	*cpu_ns = (double)(measure_cpu_ns() - used) / sum;
	return sum * 1e9 / (double)(measure_now_ns() - start);
}
