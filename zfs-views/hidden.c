/* Which finished objects their owners removed from sight: the ledger keeps them, the tree does not list them.
 *
 * A ring of ids, kept in the file `hidden` as raw bytes, oldest first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/local_priv.h"

void local_hidden_load(struct local *l)
{
	autofree char *text = NULL;
	size_t len;
	if (local_load(l->state_fd, "hidden", sizeof l->hidden, &text, &len) < 0)
		return;
	l->nhidden = len / sizeof l->hidden[0];
	memcpy(l->hidden, text, l->nhidden * sizeof l->hidden[0]);
	l->hidden_next = l->nhidden % HIDDEN_MAX;
}

static int save(const struct local *l)
{
	autofree struct id *sorted = local_alloc(NULL, sizeof l->hidden);
	size_t first = l->nhidden < HIDDEN_MAX ? 0 : l->hidden_next;
	for (size_t i = 0; i < l->nhidden; i++)
		sorted[i] = l->hidden[(first + i) % HIDDEN_MAX];
	return local_store(l->state_fd, "hidden", sorted, l->nhidden * sizeof sorted[0]);
}

bool local_hidden(struct local *l, const struct id *object)
{
	LOCAL_HOLD(l);
	for (size_t i = 0; i < l->nhidden; i++)
		if (id_cmp(&l->hidden[i], object) == 0)
			return true;
	return false;
}

int local_hide(struct local *l, const struct id *object)
{
	LOCAL_HOLD(l);
	l->hidden[l->hidden_next] = *object;
	l->hidden_next = (l->hidden_next + 1) % HIDDEN_MAX;
	l->nhidden += l->nhidden < HIDDEN_MAX;
	return save(l);
}
