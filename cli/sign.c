/* zeus sign: shows what a draft asks for, and adds a signature to it. Offline: it opens the draft, a key and nothing else.
 *
 * Knows when a draft may be signed (canonical, for a known network, every signature that it has verifies) and how several signers work one
 * after the other. What the fields mean is said by words.c. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include "cli/key.h"
#include "cli/words.h"
#include "common/cleanup.h"
#include "common/envelope.h"
#include "common/io.h"
#include "ledger/crypto/deploy_seal.h"
#include "ledger/crypto/hash.h"

static const char help[] =
    "Usage: zeus sign [--dir DIR] [--genesis HASH] [--auth AUTH] [--binary] KEY [FILE]\n"
    "       zeus sign --show [--genesis HASH] [--auth AUTH] [FILE]\n"
    "Show in words what FILE, or standard input, asks for, and sign it with KEY. FILE holds what accounts/ADDRESS/prepare\n"
    "gave, or what another signer made of it. What is printed goes to the next signer, or into market/signed.\n\n"
    "  --show                  only show; also whether the signatures that are there verify\n"
    "  --genesis HASH          the network must be this one\n"
    "  --auth AUTH             the account's keys and threshold, as zeus key auth prints them\n"
    "  --binary                print the envelope's bytes instead of a line\n"
    "  --dir DIR               where the keys are (default ~/.config/zeus/keys)\n"
    "  --passphrase-file FILE  the passphrase is FILE's first line\n"
    "  --passphrase-fd N       it is the first line that comes from descriptor N\n"
    "  --help\n\n"
    "Exit status: 0 done, 1 refused, 2 usage, 77 wrong passphrase or the key's file is not private, 78 damaged.\n";

struct options {
	bool show, binary, pinned, described; const char *dir; struct passphrase_from pass; struct id genesis; struct auth auth;
};

/* A draft in memory; tx borrows from e. */
struct draft { struct envelope e; struct tx tx; size_t signed_len; };

static struct slice signed_bytes(const struct draft *d) { return (struct slice){d->e.bytes, d->signed_len}; }

static int load(const char *file, struct draft *d)
{
	autofree char *text = malloc(ENVELOPE_TEXT_MAX);
	autoclose int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	const char *name = file ? file : "standard input";
	if (!text)
		abort();
	ssize_t n = fd < 0 ? -errno : io_read_to_end(fd, text, ENVELOPE_TEXT_MAX);
	if (n < 0)
		return cli_complain(CLI_REFUSED, "%s: %s", name, strerror((int)-n));
	if (!envelope_read((struct slice){(const uint8_t *)text, (size_t)n}, &d->e))
		return cli_complain(CLI_DAMAGED, "%s: neither what prepare gives nor an envelope", name);
	enum verdict v = tx_draft_get((struct slice){d->e.bytes, d->e.len}, &d->tx, &d->signed_len);
	return v == V_OK ? CLI_DONE : cli_complain(CLI_DAMAGED, "%s: %s", name, verdict_text(v));
}

/* The network is the one that the line names, and the one that was asked for, if any. */
static int bind_network(const struct options *o, struct draft *d)
{
	char want[65], said[65];
	if (!o->pinned)
		return CLI_DONE;
	hex_encode(o->genesis.b, sizeof o->genesis.b, want);
	hex_encode(d->e.genesis.b, sizeof d->e.genesis.b, said);
	if (d->e.bound && id_cmp(&d->e.genesis, &o->genesis) != 0)
		return cli_complain(CLI_REFUSED, "this is for the network %s, not for %s", said, want);
	d->e.bound = true;
	d->e.genesis = o->genesis;
	return CLI_DONE;
}

static int weight_of(const struct auth *a, const uint8_t pk[32])
{
	for (unsigned i = 0; i < a->n; i++)
		if (memcmp(a->key[i].pk, pk, 32) == 0)
			return a->key[i].weight;
	return 0;
}

/* Every signature by itself; false: one does not verify. */
static bool show_signatures(FILE *out, const struct draft *d)
{
	bool all = true;
	char hex[65];
	for (unsigned i = 0; i < d->tx.nsig; i++) {
		struct tx one = {.nsig = 1};
		one.sig[0] = d->tx.sig[i];
		bool ok = d->e.bound && sign_tx_verify(&d->e.genesis, &one, signed_bytes(d));
		hex_encode(d->tx.sig[i].pk, 32, hex);
		words_line(out, "signed by", "%s%s", hex,
		    ok ? "" : d->e.bound ? ", which does not verify" : ", for a network that is not known");
		all = all && (ok || !d->e.bound);
	}
	return all;
}

static void show_weight(FILE *out, const struct options *o, const struct draft *d)
{
	struct auth single = d->tx.nsig == 1 ? sign_auth_single(d->tx.sig[0].pk) : (struct auth){.n = 0};
	struct address of_single = d->tx.nsig == 1 ? sign_address(&single) : d->tx.sender;
	unsigned weight = 0;
	for (unsigned i = 0; i < d->tx.nsig && o->described; i++)
		weight += (unsigned)weight_of(&o->auth, d->tx.sig[i].pk);
	if (o->described)
		words_line(out, "weight", "%u of %u%s", weight, o->auth.threshold, weight >= o->auth.threshold ? ", enough" : "");
	else if (d->tx.nsig == 1 && address_eq(&of_single, &d->tx.sender))
		words_line(out, "weight", "enough: it is the account's only key");
	else if (d->tx.nsig)
		words_line(out, "weight", "not known; say the account's keys with --auth");
}

static bool show(FILE *out, const struct options *o, const struct draft *d)
{
	struct id txid = hash_of("zeus/txid", d->e.bytes, d->signed_len);
	words_tx(out, &d->tx);
	if (d->e.bound)
		words_hex(out, "genesis", d->e.genesis.b, sizeof d->e.genesis.b);
	else
		words_line(out, "genesis", "not said");
	if (d->e.seals)
		words_hex(out, "seal to", d->e.seal_to, sizeof d->e.seal_to);
	else
		words_hex(out, "txid", txid.b, sizeof txid.b);
	bool all = show_signatures(out, d);
	show_weight(out, o, d);
	return all;
}

/* May this key sign for that account? */
static int check_key(const struct options *o, const struct draft *d, const struct keyfile *f)
{
	struct auth single = sign_auth_single(f->pk), auth = o->described ? o->auth : single;
	struct address address = sign_address(&auth);
	if (o->described && !weight_of(&o->auth, f->pk))
		return cli_complain(CLI_REFUSED, "the key is none of those that --auth names");
	if (!address_eq(&address, &d->tx.sender))
		fprintf(stderr, "zeus: note: the account is not %s; that its keys were changed is for the ledger to know\n",
			o->described ? "the one that --auth describes" : "this key's own");
	return CLI_DONE;
}

/* The deploy inside goes out sealed: what is signed is not what was read, but what was shown is inside it. */
static int seal(struct draft *d)
{
	uint8_t sealed[DEPLOY_MAX];
	size_t len;
	if (!d->e.seals)
		return CLI_DONE;
	if (d->tx.nsig || d->tx.type != TX_EVENT)
		return cli_complain(CLI_DAMAGED, "this is not to be sealed: it is signed already, or no deploy");
	enum seal s = deploy_seal(&d->tx.scope, d->e.seal_to, d->tx.u.event.blob, sealed, &len);
	if (s != SEAL_OK)
		return cli_complain(CLI_REFUSED, "the deploy cannot be sealed: %s", seal_text(s));
	d->tx.u.event.blob = (struct slice){sealed, len};
	struct wbuf w = wbuf_on(d->e.bytes, sizeof d->e.bytes);
	tx_draft_put(&w, &d->tx);
	d->e.len = w.len;
	d->e.seals = false;
	if (w.bad || tx_draft_get((struct slice){d->e.bytes, w.len}, &d->tx, &d->signed_len) != V_OK)
		return cli_complain(CLI_REFUSED, "the sealed envelope does not fit");
	return CLI_DONE;
}

static int put(const struct options *o, struct draft *d)
{
	autofree char *text = malloc(ENVELOPE_TEXT_MAX);
	struct envelope *out = calloc(1, sizeof *out);
	autofree struct envelope *held = out;
	if (!text || !out)
		abort();
	struct wbuf w = wbuf_on(out->bytes, sizeof out->bytes);
	tx_put(&w, &d->tx);
	if (w.bad)
		return cli_complain(CLI_REFUSED, "the signed envelope does not fit");
	out->len = w.len;
	out->bound = true;
	out->genesis = d->e.genesis;
	size_t len = o->binary ? out->len : envelope_text(out, text);
	int err = io_write_all(STDOUT_FILENO, o->binary ? (const void *)out->bytes : text, len);
	return err ? cli_complain(CLI_REFUSED, "standard output: %s", strerror(-err)) : CLI_DONE;
}

static int sign(const struct options *o, const char *name, struct draft *d)
{
	autosecret struct keypair *k = secret_new(sizeof *k);
	struct keydir dir;
	struct keyfile f;
	int code = keydir_open(o->dir, false, &dir);
	code = code ? code : keydir_load(&dir, name, &f);
	keydir_close(&dir);
	code = code ? code : check_key(o, d, &f);
	if (code)
		return code;
	if (!d->e.bound)
		return cli_complain(CLI_USAGE, "which network is this for? the draft does not say, so --genesis must");
	if (!show(stderr, o, d))
		return cli_complain(CLI_REFUSED, "a signature that is there does not verify; nothing was signed");
	code = key_unlock(name, &f, &o->pass, k);
	code = code ? code : seal(d);
	if (code)
		return code;
	int err = sign_tx_add(k, &d->e.genesis, signed_bytes(d), &d->tx);
	if (err == -EEXIST)
		return cli_complain(CLI_REFUSED, "%s has signed this already", name);
	if (err)
		return cli_complain(CLI_REFUSED, "there are %d signatures already, and no more may be", TX_SIGS_MAX);
	return put(o, d);
}

static bool take_auth(const char *hex, struct auth *out)
{
	uint8_t bytes[2 + 33 * TX_SIGS_MAX];
	size_t len = strlen(hex) / 2;
	if (len > sizeof bytes || !hex_decode(hex, bytes, len))
		return false;
	struct rbuf r = rbuf_on(bytes, len);
	return auth_get(&r, out) && rbuf_end(&r);
}

static bool take_option(int c, struct options *o)
{
	switch (c) {
	case 's': return o->show = true;
	case 'b': return o->binary = true;
	case 'd': o->dir = optarg; return true;
	case 'p': o->pass.file = optarg; return true;
	case 'P': return passphrase_fd(optarg, &o->pass.fd);
	case 'g': return o->pinned = hex_decode(optarg, o->genesis.b, sizeof o->genesis.b);
	case 'a': return o->described = take_auth(optarg, &o->auth);
	}
	return false;
}

int sign_main(int argc, char **argv)
{
	static const struct option names[] = {{"show", 0, 0, 's'}, {"binary", 0, 0, 'b'}, {"dir", 1, 0, 'd'}, {"genesis", 1, 0, 'g'},
	    {"passphrase-file", 1, 0, 'p'}, {"passphrase-fd", 1, 0, 'P'}, {"auth", 1, 0, 'a'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	struct options o = {.pass.fd = -1};
	int c;
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return CLI_DONE;
		}
		if (!take_option(c, &o))
			return cli_complain(CLI_USAGE, "an option of zeus sign is unknown or its value is none");
	}
	int n = argc - optind, least = o.show ? 0 : 1;
	if (n < least || n > least + 1)
		return cli_complain(CLI_USAGE, o.show ? "zeus sign --show takes one file" : "zeus sign takes a key's name and one file");
	if (sign_init() < 0)
		return cli_complain(CLI_REFUSED, "libsodium cannot start");
	autofree struct draft *d = calloc(1, sizeof *d);
	if (!d)
		abort();
	int code = load(n > least ? argv[optind + least] : NULL, d);
	code = code ? code : bind_network(&o, d);
	if (code)
		return code;
	if (!o.show)
		return sign(&o, argv[optind], d);
	return show(stdout, &o, d) ? CLI_DONE : CLI_REFUSED;
}
