/* Making and unmaking the file system's state; what changes in it when the ledger speaks.
 *
 * Knows the state directory's layout (settings/, spool/, images/, mount) and that a restarted process goes on with the mount's nonce under
 * the next epoch, so that numbers it hands out are new and commands it repeats are not. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "zfs-views/fs.h"
#include "zfs-views/local_priv.h"

#define EPOCHS 4096
#define PASSWD_MAX (1u << 20)

struct view fs_view(struct fs *fs)
{
	pthread_mutex_lock(&fs->view_lock);
	struct view v = fs->view;
	pthread_mutex_unlock(&fs->view_lock);
	return v;
}

void fs_names_reload(struct fs *fs)
{
	autofree char *text = NULL;
	size_t len;
	if (local_load(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, &len) == 0)
		names_load((struct names *)fs->view.names, text);
}

/* Which node this machine is, and what engine runs, is known when the ledger has said so. */
static void learn(struct fs *fs)
{
	struct wire_welcome w;
	struct id self = {0};
	if (!link_welcome(fs->link, &w))
		return;
	model_lock(fs->model);
	const struct fact_node *n = model_node_by_name(fs->model, &w.node_op, fs->view.node_name);
	if (n)
		self = n->node;
	model_unlock(fs->model);
	pthread_mutex_lock(&fs->view_lock);
	fs->view.node_id = self;
	memcpy(fs->view.engine, w.engine, sizeof fs->view.engine);
	pthread_mutex_unlock(&fs->view_lock);
}

static void ledger_spoke(void *arg)
{
	struct fs *fs = arg;
	if (!fs->link)
		return; /* the very first words; the next ones come soon */
	learn(fs);
	fs->changed(fs->changed_arg, fs);
}

/* "nonce epoch" of this mount. */
static int take_epoch(struct fs *fs, bool first)
{
	autofree char *text = NULL;
	size_t len;
	char out[64];
	if (first || local_load(fs->state_fd, "mount", 64, &text, &len) < 0 || sscanf(text, "%x %u", &fs->nonce, &fs->epoch) != 2) {
		if (getrandom(&fs->nonce, sizeof fs->nonce, 0) != sizeof fs->nonce)
			return -EIO;
		fs->epoch = 0;
	} else {
		fs->epoch = (fs->epoch + 1) % EPOCHS;
	}
	int n = snprintf(out, sizeof out, "%08x %u\n", fs->nonce, fs->epoch);
	return local_store(fs->state_fd, "mount", out, (size_t)n);
}

static int open_images(struct fs *fs)
{
	if (mkdirat(fs->state_fd, "images", 0755) < 0 && errno != EEXIST)
		return -errno;
	fs->images_fd = openat(fs->state_fd, "images", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fs->images_fd < 0 ? -errno : 0;
}

static int fill(struct fs *fs, const struct fs_conf *conf)
{
	struct names *names = names_new();
	int err = open_images(fs);
	if (!err)
		err = take_epoch(fs, conf->first);
	if (!err && conf->first)
		err = upload_sweep(fs->state_fd);
	if (!err)
		err = local_new(fs->state_fd, &fs->local);
	fs->model = model_new();
	if (!err && (!names || !fs->model))
		err = -ENOMEM;
	fs->view.names = names;
	fs->view.model = fs->model;
	fs->view.local = fs->local;
	fs->view.images_fd = fs->images_fd;
	if (!err)
		err = fs_nodes_new(fs);
	if (!err)
		err = fs_handles_new(fs);
	if (!err)
		err = fs_pending_load(fs, conf->first);
	if (err)
		return err;
	fs_names_reload(fs);
	struct link *link;
	err = link_new(fs->model, conf->ledger, ledger_spoke, fs, &link);
	if (err)
		return err;
	pthread_mutex_lock(&fs->view_lock);
	fs->link = link;
	fs->view.fetch = link_block;
	fs->view.past = past_new(link_at, link);
	fs->view.find = link_find;
	fs->view.proof = link_proof;
	fs->view.work = link_work;
	fs->view.fetch_arg = link;
	pthread_mutex_unlock(&fs->view_lock);
	return 0;
}

int fs_new(const struct fs_conf *conf, void (*changed)(void *arg, struct fs *fs), void *arg, struct fs **ret)
{
	struct fs *fs = calloc(1, sizeof *fs);
	if (!fs)
		return -ENOMEM;
	fs->view = conf->view;
	fs->state_fd = conf->state_fd;
	fs->images_fd = fs->pending_fd = -1;
	fs->changed = changed;
	fs->changed_arg = arg;
	pthread_mutex_init(&fs->view_lock, NULL);
	int err = fill(fs, conf);
	if (err) {
		fs_free(fs);
		return err;
	}
	*ret = fs;
	return 0;
}

static bool has_facts(void *arg)
{
	struct fs *fs = arg;
	model_lock(fs->model);
	bool has = model_head(fs->model) != NULL;
	model_unlock(fs->model);
	return has;
}

void fs_wait_facts(struct fs *fs)
{
	link_wait(fs->link, has_facts, fs, FACTS_TIMEOUT_MS);
}

void fs_free(struct fs *fs)
{
	past_free(fs->view.past);
	link_free(fs->link);
	if (fs->handles)
		fs_handles_free(fs);
	if (fs->nodes)
		fs_nodes_free(fs);
	local_free(fs->local);
	if (fs->model)
		model_free(fs->model);
	if (fs->view.names)
		names_free((struct names *)fs->view.names);
	if (fs->images_fd >= 0)
		close(fs->images_fd);
	if (fs->pending_fd >= 0)
		close(fs->pending_fd);
	pthread_mutex_destroy(&fs->view_lock);
	free(fs);
}
