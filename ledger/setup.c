/* The making of a ledger: once, never over another one.
 *
 * Knows: what a local genesis needs (keys for its accounts, the operator and the node), that one from a file needs none of them, and the
 * order in which it becomes durable: keys first, the database last, so that an interrupted run can be repeated. Does not know: users'
 * names, processes. */
#include "ledger/setup.h"
#include "common/cleanup.h"
#include "common/io.h"
#include "ledger/archive.h"
#include "ledger/keystore.h"
#include "ledger/snapshot.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WHY_LEN 256

bool setup_account(struct setup *s, const char *text)
{
	char uid[16];
	uint64_t n;
	struct money amount;
	const char *eq = strchr(text, '=');
	if (!eq || (size_t)(eq - text) >= sizeof uid || s->naccounts == SETUP_ACCOUNTS_MAX)
		return false;
	memcpy(uid, text, (size_t)(eq - text));
	uid[eq - text] = 0;
	if (!text_u64(uid, UINT32_MAX - 1, &n) || !text_money(eq + 1, &amount))
		return false;
	for (uint32_t i = 0; i < s->naccounts; i++)
		if (s->account[i].uid == n)
			return false;
	s->account[s->naccounts].uid = (uint32_t)n;
	s->account[s->naccounts++].amount = amount;
	return true;
}

bool setup_param(struct setup *s, const char *text)
{
	static const char *const names[] = {"trial=", "grace=", "settle=", "consent="};
	uint32_t *const values[] = {&s->trial_s, &s->grace_s, &s->settle_s, &s->consent_s};
	for (unsigned i = 0; i < 4; i++) {
		size_t len = strlen(names[i]);
		if (strncmp(text, names[i], len) != 0)
			continue;
		s->given |= 1u << i;
		return text_duration(text + len, values[i]);
	}
	return false;
}

static int setup_key(struct keystore *k, uint32_t uid, char *why)
{
	int rc = keystore_make(k, uid);
	if (rc < 0 && rc != -EEXIST)
		snprintf(why, WHY_LEN, "a key cannot be written: %s", strerror(-rc));
	return rc == -EEXIST ? 0 : rc;
}

/* Keys that an interrupted --init left are used again. */
static int setup_keys(const struct setup *s, struct keystore *k, char *why)
{
	int rc = setup_key(k, KEYSTORE_NODE, why);
	rc = rc ? rc : setup_key(k, s->operator_uid, why);
	for (uint32_t i = 0; rc == 0 && i < s->naccounts; i++)
		rc = setup_key(k, s->account[i].uid, why);
	return rc;
}

static struct genesis_account account_of(const struct keypair *k, struct money amount)
{
	struct genesis_account a = {.auth = sign_auth_single(k->pk), .amount = amount};
	memcpy(a.x25519, k->x_pk, sizeof a.x25519);
	return a;
}

static void setup_genesis(const struct setup *s, const struct keystore *k, struct genesis *g)
{
	struct timespec now;
	bool operator_given = false;
	genesis_local(g);
	clock_gettime(CLOCK_REALTIME, &now);
	g->time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	g->trial_s = s->given & 1 ? s->trial_s : g->trial_s;
	g->grace_s = s->given & 2 ? s->grace_s : g->grace_s;
	g->settle_s = s->given & 4 ? s->settle_s : g->settle_s;
	g->consent_s = s->given & 8 ? s->consent_s : g->consent_s;
	for (uint32_t i = 0; i < s->naccounts; i++) {
		*genesis_account_add(g) = account_of(keystore_key(k, s->account[i].uid), s->account[i].amount);
		operator_given = operator_given || s->account[i].uid == s->operator_uid;
	}
	if (!operator_given)
		*genesis_account_add(g) = account_of(keystore_key(k, s->operator_uid), money_of(0));
}

/* Made beside and renamed: what is interrupted leaves no half a ledger. */
struct fresh { char dir[sizeof ((struct paths *)0)->db + 8]; };

static int fresh_begin(const struct paths *p, struct fresh *f, char *why)
{
	snprintf(f->dir, sizeof f->dir, "%s.new", p->db);
	char acked[sizeof f->dir + 8];
	snprintf(acked, sizeof acked, "%s/acked", f->dir);
	unlink(acked);
	int rc = store_destroy(f->dir);
	if (rc < 0)
		snprintf(why, WHY_LEN, "%.200s is in the way", f->dir);
	return rc;
}

static int fresh_end(const struct paths *p, const struct fresh *f, int rc, char *why)
{
	if (rc == 0 && rename(f->dir, p->db) < 0) {
		rc = -errno;
		snprintf(why, WHY_LEN, "%.180s: %s", p->db, strerror(-rc));
	}
	autoclose int dir = open(p->ledger, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && (dir < 0 || fsync(dir) < 0))
		rc = -errno;
	return rc;
}

static int setup_archive(const struct setup *s, const struct paths *p, const struct keystore *k, const struct genesis *g, char *why)
{
	struct fresh f;
	int rc = fresh_begin(p, &f, why);
	rc = rc ? rc : archive_create(f.dir, g, s->operator_uid, keystore_key(k, KEYSTORE_NODE), why);
	return fresh_end(p, &f, rc, why);
}

static int setup_missing(const struct paths *p, char *why)
{
	struct stat st;
	if (stat(p->db, &st) < 0)
		return 0;
	snprintf(why, WHY_LEN, "there is a ledger in %.180s already; it was left as it is", p->db);
	return -EEXIST;
}

int setup_import(const struct paths *p, int fd, char *why)
{
	struct fresh f;
	int rc = setup_missing(p, why);
	rc = rc ? rc : fresh_begin(p, &f, why);
	if (rc)
		return rc;
	rc = snapshot_read(fd, f.dir, why);
	if (rc < 0)
		store_destroy(f.dir);
	return fresh_end(p, &f, rc, why);
}

static int genesis_file(const char *path, struct genesis *g, char *why)
{
	char at[WHY_LEN];
	size_t len = 0;
	autofree uint8_t *text = NULL;
	bool given = strcmp(path, "-") == 0;
	autoclose int file = given ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc = !given && file < 0 ? -errno : io_read_whole(given ? STDIN_FILENO : file, GENESIS_TEXT_MAX, &text, &len);
	if (rc < 0) {
		snprintf(why, WHY_LEN, "%.100s: %s (it is read as the ledger's user; or: --genesis - < FILE)", path, strerror(-rc));
		return rc == -ENOENT ? -EBADMSG : rc; /* there is a ledger to be made, not one missing */
	}
	if (genesis_text_get((struct slice){text, len}, g, at))
		return 0;
	snprintf(why, WHY_LEN, "%.60s:%.190s", path, at);
	return -EBADMSG;
}

static void made_of(const struct setup *s, const struct keystore *k, const struct genesis *g, struct setup_made *made)
{
	made->node = account_of(keystore_key(k, KEYSTORE_NODE), money_of(0));
	made->operator = account_of(keystore_key(k, s->operator_uid), money_of(0));
	struct address own = sign_address(&made->operator.auth);
	for (size_t i = 0; i < g->naccounts; i++) {
		struct address a = sign_address(&g->account[i].auth);
		made->operator_named = made->operator_named || address_eq(&a, &own);
	}
}

static int setup_make(const struct setup *s, const struct paths *p, struct genesis *g, struct setup_made *made, char *why)
{
	struct keystore *k;
	int rc = keystore_open(p->keys, true, &k, why);
	if (rc < 0)
		return rc;
	rc = setup_keys(s, k, why);
	if (rc == 0 && !s->genesis)
		setup_genesis(s, k, g);
	if (rc == 0) {
		made_of(s, k, g, made);
		made->genesis = genesis_hash(g);
		rc = setup_archive(s, p, k, g, why);
	}
	keystore_close(k);
	return rc;
}

int setup_run(const struct setup *s, const struct paths *p, struct setup_made *made, char *why)
{
	struct genesis g = {0};
	int rc = setup_missing(p, why);
	rc = rc || !s->genesis ? rc : genesis_file(s->genesis, &g, why);
	rc = rc ? rc : setup_make(s, p, &g, made, why);
	genesis_free(&g);
	return rc;
}

int setup_keys_only(const struct setup *s, const struct paths *p, struct setup_made *made, char *why)
{
	struct keystore *k;
	struct genesis none = {0};
	int rc = keystore_open(p->keys, true, &k, why);
	if (rc < 0)
		return rc;
	rc = setup_keys(s, k, why);
	if (rc == 0)
		made_of(s, k, &none, made);
	keystore_close(k);
	return rc;
}
