/* zeus-ledger: the ledger of this machine.
 *
 * Knows: its options, the order of its start (what needs privilege, drop, prove the books, confine, loop) and its exit codes.
 * Does not know: anything else; each step is one call. The books are opened after the drop, since their files belong to the ledger's
 * user. */
#include "common/cleanup.h"
#include "common/confine.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/sysuser.h"
#include "config.h"
#include "ledger/server.h"
#include "ledger/setup.h"
#include "ledger/snapshot.h"
#include "ledger/verify.h"
#include "ledger/workers.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum exit_code { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNAVAILABLE = 69, EXIT_BUSY = 75, EXIT_NO_PERMISSION = 77, EXIT_CONFIG = 78 };
enum mode { MODE_RUN, MODE_INIT, MODE_KEYS, MODE_VERIFY, MODE_EXPORT, MODE_IMPORT };

struct options { enum mode mode; const char *config, *state, *file; struct setup setup; bool operator_given, own_given; };

/* Who the ledger becomes. */
struct identity { uid_t uid; gid_t gid, zeus; bool drop; };

static const char help[] =
    "Usage: zeus-ledger [--config FILE] [--state DIR]\n"
    "       zeus-ledger --init [--account UID=AMOUNT]... [--operator UID] [--param NAME=DURATION]...\n"
    "       zeus-ledger --init --genesis FILE [--operator UID]\n"
    "       zeus-ledger --keys [--operator UID]\n"
    "       zeus-ledger --verify | --export FILE | --import FILE\n"
    "Keep this machine's ledger: its accounts, market and leases.\n\n"
    "  --config FILE         read FILE instead of " SYSCONFDIR "/zeus.conf\n"
    "  --state DIR           keep everything below DIR (default /var/lib/zeus)\n"
    "  --init                make keys, genesis and database; refused if there is one already\n"
    "  --genesis FILE        with --init: begin from FILE (- is standard input), as zeus genesis writes it\n"
    "  --account UID=AMOUNT  with --init: an account for the user, in ZNC\n"
    "  --operator UID        with --init or --keys: whose account owns this node (default 0)\n"
    "  --param NAME=DURATION with --init: trial, grace, settle or consent of the standard lease\n"
    "  --keys                make the keys of the operator and the node, if need be, and print what is public of them\n"
    "  --verify              carry out every block again and compare; exit 0 if all is well\n"
    "  --export FILE         write all of the books, but no key, to a new FILE (- is standard output)\n"
    "  --import FILE         make the database from such a file (- is standard input); refused if there is one\n"
    "  --help, --version\n\n"
    "Exit codes: 0 done, 1 refused, 2 usage, 69 a service is missing, 75 another ledger runs here,\n"
    "77 no permission, 78 configuration or books damaged.\n"
    "Example: zeus-ledger --init --state /tmp/z --account 0=1000 --account 1000=50\n";

static int usage(const char *why, const char *what)
{
	fprintf(stderr, "zeus-ledger: %s%s%s\nTry zeus-ledger --help.\n", why, what ? ": " : "", what ? what : "");
	return EXIT_USAGE;
}

static int exit_of(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -EEXIST:
		return EXIT_REFUSED;
	case -EBUSY:
		return EXIT_BUSY;
	case -EACCES:
	case -EPERM:
		return EXIT_NO_PERMISSION;
	case -ENOSYS:
		return EXIT_UNAVAILABLE;
	}
	return EXIT_CONFIG;
}

static int fail(int err, const char *why)
{
	if (err == -EBUSY)
		log_error("another ledger runs on this state; stop that one first (%s)", why);
	else if (err == -ENOENT)
		log_error("%s; make one with: zeus-ledger --init", why);
	else
		log_error("%s", why);
	return exit_of(err);
}

/* --- options --- */

enum {
	OPT_CONFIG = 256, OPT_STATE, OPT_INIT, OPT_GENESIS, OPT_KEYS, OPT_ACCOUNT, OPT_OPERATOR, OPT_PARAM, OPT_VERIFY, OPT_EXPORT,
	OPT_IMPORT, OPT_HELP, OPT_VERSION
};

static const struct option long_options[] = {{"config", required_argument, NULL, OPT_CONFIG}, {"state", required_argument, NULL, OPT_STATE},
    {"init", no_argument, NULL, OPT_INIT}, {"keys", no_argument, NULL, OPT_KEYS},
    {"genesis", required_argument, NULL, OPT_GENESIS}, {"account", required_argument, NULL, OPT_ACCOUNT},
    {"operator", required_argument, NULL, OPT_OPERATOR}, {"param", required_argument, NULL, OPT_PARAM},
    {"verify", no_argument, NULL, OPT_VERIFY}, {"export", required_argument, NULL, OPT_EXPORT},
    {"import", required_argument, NULL, OPT_IMPORT}, {"help", no_argument, NULL, OPT_HELP}, {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0}};

static bool option_setup(struct options *o, int opt, const char *value)
{
	uint64_t uid;
	o->own_given = o->own_given || opt != OPT_OPERATOR;
	if (opt == OPT_ACCOUNT)
		return setup_account(&o->setup, value);
	if (opt == OPT_PARAM)
		return setup_param(&o->setup, value);
	o->operator_given = text_u64(value, UINT32_MAX - 1, &uid);
	o->setup.operator_uid = (uint32_t)uid;
	return o->operator_given;
}

/* -1: go on; else exit with that. */
static int option_take(struct options *o, int opt)
{
	switch (opt) {
	case OPT_CONFIG:
		o->config = optarg;
		return -1;
	case OPT_STATE:
		o->state = optarg;
		return -1;
	case OPT_INIT:
		o->mode = MODE_INIT;
		return -1;
	case OPT_KEYS:
		o->mode = MODE_KEYS;
		return -1;
	case OPT_VERIFY:
		o->mode = MODE_VERIFY;
		return -1;
	case OPT_GENESIS:
		o->setup.genesis = optarg;
		return -1;
	case OPT_EXPORT:
	case OPT_IMPORT:
		o->mode = opt == OPT_EXPORT ? MODE_EXPORT : MODE_IMPORT;
		o->file = optarg;
		return -1;
	case OPT_ACCOUNT:
	case OPT_OPERATOR:
	case OPT_PARAM:
		return option_setup(o, opt, optarg) ? -1 : usage("not understood", optarg);
	case OPT_HELP:
		fputs(help, stdout);
		return 0;
	case OPT_VERSION:
		puts("zeus-ledger " PACKAGE_VERSION);
		return 0;
	}
	return usage("no such option, or a value is missing", NULL);
}

static int options_read(struct options *o, int argc, char **argv)
{
	int opt, done = -1;
	opterr = 0;
	while (done < 0 && (opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		done = option_take(o, opt);
	if (done < 0 && optind < argc)
		done = usage("unexpected", argv[optind]);
	bool own = o->mode == MODE_INIT && !o->setup.genesis, named = o->mode == MODE_INIT || o->mode == MODE_KEYS;
	if (done < 0 && o->own_given && !own)
		done = usage("--account and --param belong to --init without --genesis", NULL);
	if (done < 0 && ((o->operator_given && !named) || (o->setup.genesis && o->mode != MODE_INIT)))
		done = usage("--genesis belongs to --init, --operator to --init and --keys", NULL);
	return done;
}

static int configure(const struct options *o, struct conf *conf)
{
	char why[512];
	conf_defaults(conf);
	if (!conf_read(conf, o->config, why)) {
		log_error("%s", why);
		return EXIT_CONFIG;
	}
	if (o->state && !conf_set_state_dir(conf, o->state))
		return usage("--state wants an absolute path", o->state);
	log_set_level((enum log_level)conf->log_level);
	return 0;
}

/* --- identity --- */

static int identify(const struct conf *conf, struct identity *id, struct server_users *users)
{
	gid_t gid, zeus;
	uid_t none = (uid_t)-1;
	*id = (struct identity){.uid = geteuid(), .gid = getegid(), .zeus = getegid(), .drop = geteuid() == 0};
	if (id->drop && sysuser_find(conf->user_ledger, &id->uid, &id->gid) < 0) {
		log_error("there is no user %s to run as", conf->user_ledger);
		return EXIT_CONFIG;
	}
	id->zeus = id->gid;
	/* Started as that user already, it can give its socket to a group that it was put into. */
	if (sysuser_find_group(conf->group_zeus, &zeus) == 0 && (id->drop || group_member(zeus)))
		id->zeus = zeus;
	*users = (struct server_users){.views = none, .plan = none, .self = id->uid, .self_is_all = !id->drop};
	if (sysuser_find(conf->user_views, &users->views, &gid) < 0)
		users->views = none;
	if (sysuser_find(conf->user_plan, &users->plan, &gid) < 0)
		users->plan = none;
	return 0;
}

static int drop(const struct identity *id)
{
	int err = id->drop ? confine_drop(id->uid, id->gid, &id->zeus, 1) : 0;
	if (err < 0)
		log_error("cannot become user %u: %s", (unsigned)id->uid, strerror(-err));
	return err < 0 ? EXIT_NO_PERMISSION : 0;
}

/* --- the modes --- */

/* As it would stand in a genesis: whoever writes one can take the line. */
static void say_account(const char *who, const struct genesis_account *a)
{
	char pk[65], x25519[65];
	hex_encode(a->auth.key[0].pk, 32, pk);
	hex_encode(a->x25519, 32, x25519);
	printf("account 0 none %s x25519=%s # %s\n", pk, x25519, who);
}

static int init(const struct options *o, const struct conf *conf, const struct paths *p)
{
	char why[256], hex[65];
	struct setup setup = o->setup;
	struct setup_made made = {.operator_named = false};
	if (!o->operator_given)
		setup.operator_uid = conf->operator_uid;
	int err = o->mode == MODE_KEYS ? setup_keys_only(&setup, p, &made, why) : setup_run(&setup, p, &made, why);
	if (err < 0)
		return fail(err, why);
	if (o->mode == MODE_KEYS) {
		say_account("operator", &made.operator);
		printf("# the node signs with ");
		hex_encode(made.node.auth.key[0].pk, 32, hex);
		puts(hex);
	} else if (setup.genesis) {
		hex_encode(made.genesis.b, 32, hex);
		printf("genesis %s\n", hex);
		if (!made.operator_named)
			log_info("the operator has no account in %s yet: somebody who has coins must open it", setup.genesis);
	}
	return 0;
}

static int verify(const struct paths *p)
{
	char why[256];
	struct archive *a;
	int err = archive_open(p->db, &a, why);
	if (err < 0)
		return fail(err, why);
	err = verify_replay(a, why);
	struct tip tip = chain_tip(a->chain);
	archive_close(a);
	if (err == -ENODATA) {
		puts(why);
		return 0;
	}
	if (err < 0)
		return fail(err, why);
	printf("%" PRIu64 " blocks carried out again, all the same; the chains sum to the supply\n", tip.height + 1);
	return 0;
}

static int export(const struct paths *p, int fd)
{
	char why[256];
	struct archive *a;
	int err = archive_open(p->db, &a, why);
	if (err < 0)
		return fail(err, why);
	err = snapshot_write(a, fd, why);
	uint64_t height = chain_tip(a->chain).height;
	archive_close(a);
	if (err < 0)
		return fail(err, why);
	log_info("the books up to height %" PRIu64 " are written; no key is among them", height);
	return 0;
}

static int import(const struct paths *p, int fd)
{
	char why[256];
	int err = setup_import(p, fd, why);
	if (err < 0)
		return fail(err, why);
	log_info("the books are in %s and proved; put the keys of the ledger they come from in %s", p->db, p->keys);
	return 0;
}

/* The file that the user named, with the user's own rights: before they are dropped. */
static int file_open(const struct options *o, int *fd)
{
	bool out = o->mode == MODE_EXPORT;
	if (!o->file)
		return 0;
	if (strcmp(o->file, "-") == 0)
		*fd = dup(out ? STDOUT_FILENO : STDIN_FILENO);
	else
		*fd = out ? open(o->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : open(o->file, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	int err = errno;
	log_error("%s: %s", o->file, strerror(err));
	return err == EACCES || err == EPERM ? EXIT_NO_PERMISSION : EXIT_REFUSED;
}

static void on_stop(void *arg, int signo)
{
	(void)signo;
	notify_stopping();
	loop_stop(arg);
}

static void on_watchdog(void *arg)
{
	(void)arg;
	notify_watchdog();
}

static int serve(struct loop *l, struct archive *a, struct keystore *k, struct server *s, const struct paths *p, unsigned threads)
{
	struct core *c;
	struct core_up up = server_up(s);
	int err = core_new(l, a, k, p->ledger, &up, &c);
	if (err < 0)
		return EXIT_UNAVAILABLE;
	err = loop_signal(l, SIGTERM, on_stop, l);
	err = err ? err : loop_signal(l, SIGINT, on_stop, l);
	uint64_t every_ms = notify_watchdog_every_ms();
	if (every_ms && !err)
		err = loop_timer(l, every_ms, every_ms, on_watchdog, NULL, NULL);
	err = err ? err : confine_seccomp(CONFINE_LEDGER);
	if (err < 0) {
		log_error("cannot confine itself: %s", strerror(-err));
		core_free(c);
		return EXIT_UNAVAILABLE;
	}
	struct workers *workers = workers_new(threads);
	chain_set_workers(a->chain, workers);
	server_start(s, c);
	core_start(c);
	notify_ready("serving");
	log_info("height %" PRIu64 ", serving at %s", chain_tip(a->chain).height, p->socket);
	loop_run(l);
	int code = core_failed(c);
	server_free(s);
	loop_free(l);
	core_free(c);
	chain_set_workers(a->chain, NULL);
	workers_free(workers);
	return code;
}

/* Before the database makes its thread. Users are looked up while serving, hence /etc. */
static int confine_paths(const struct paths *p)
{
	autoclose int own = open(p->ledger, O_PATH | O_DIRECTORY | O_CLOEXEC), etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct confine_place places[] = {{own, true}, {etc, false}};
	return own < 0 ? -errno : confine_files(places, sizeof places / sizeof places[0]);
}

static int run(const struct conf *conf, const struct paths *p, const struct server_users *users, int listen_fd)
{
	char why[256];
	struct archive *a;
	struct keystore *k;
	struct loop *l;
	struct server *s;
	int err = confine_paths(p);
	if (err < 0)
		return fail(err, "cannot confine itself to its directory");
	err = keystore_open(p->keys, false, &k, why);
	if (err < 0)
		return fail(err, why);
	err = archive_open(p->db, &a, why);
	if (err < 0) {
		keystore_close(k);
		return fail(err, why);
	}
	err = archive_keep(a, conf->keep_blocks, conf->keep_states);
	if (err < 0)
		return fail(err, "the database cannot be written");
	const struct keypair *node = keystore_key(k, KEYSTORE_NODE);
	if (!node || memcmp(node->pk, a->node_pk, sizeof a->node_pk) != 0)
		return fail(-EBADMSG, "the node's key is not the one that sealed these books");
	if (loop_new(&l) < 0 || server_new(l, listen_fd, conf, users, k, &s) < 0)
		return EXIT_UNAVAILABLE;
	int code = serve(l, a, k, s, p, conf->threads);
	archive_close(a);
	keystore_close(k);
	return code;
}

static int listen_at(const struct paths *p, const struct identity *id, int *fd)
{
	int err = conn_listen(p->socket, id->zeus, fd);
	if (err == -EADDRINUSE)
		log_error("another ledger listens at %s; stop that one first", p->socket);
	else if (err < 0)
		log_error("%s: %s", p->socket, strerror(-err));
	return err == -EADDRINUSE ? EXIT_BUSY : err == -EACCES || err == -EPERM ? EXIT_NO_PERMISSION : err < 0 ? EXIT_UNAVAILABLE : 0;
}

static int start(const struct options *o, const struct conf *conf)
{
	char why[256];
	struct paths p;
	struct identity id;
	struct server_users users;
	autoclose int file = -1;
	int fd = -1, code = identify(conf, &id, &users);
	code = code ? code : file_open(o, &file);
	if (code)
		return code;
	paths_of(conf, &p);
	int err = o->mode == MODE_VERIFY || o->mode == MODE_EXPORT ? 0 : paths_make(conf, &p, id.uid, id.gid, why);
	if (err < 0)
		return fail(err == -EEXIST ? -EBADMSG : err, why);
	if (o->mode == MODE_RUN)
		code = listen_at(&p, &id, &fd);
	code = code ? code : drop(&id);
	if (code)
		return code;
	switch (o->mode) {
	case MODE_INIT:
	case MODE_KEYS:
		return init(o, conf, &p);
	case MODE_VERIFY:
		return verify(&p);
	case MODE_EXPORT:
		return export(&p, file);
	case MODE_IMPORT:
		return import(&p, file);
	case MODE_RUN:
		break;
	}
	return run(conf, &p, &users, fd);
}

int main(int argc, char **argv)
{
	struct options o = {.mode = MODE_RUN};
	struct conf conf;
	struct rlimit no_core = {0, 0};
	log_open("zeus-ledger");
	int done = options_read(&o, argc, argv);
	if (done >= 0)
		return done;
	setrlimit(RLIMIT_CORE, &no_core); /* a core would hold keys */
	if (sign_init() < 0)
		return fail(-ENOSYS, "libsodium cannot start");
	done = configure(&o, &conf);
	return done ? done : start(&o, &conf);
}
