/* zeus key: a user's own keys, and the descriptions of accounts that several keys own.
 *
 * Knows the commands and what they print. Files are keydir's, passphrases passphrase's, what is inside a key ledger/crypto's. Needs no
 * tree, no ledger and no network. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include "cli/armour.h"
#include "cli/key.h"
#include "common/cleanup.h"
#include "common/io.h"
#include "common/text.h"

static const char help[] =
    "Usage: zeus key [--dir DIR] new NAME\n"
    "       zeus key [--dir DIR] show NAME [FIELD]\n"
    "       zeus key [--dir DIR] list\n"
    "       zeus key [--dir DIR] export NAME\n"
    "       zeus key [--dir DIR] import NAME [FILE]\n"
    "       zeus key [--dir DIR] passwd NAME\n"
    "       zeus key [--dir DIR] auth THRESHOLD KEY[=WEIGHT]...\n"
    "Keep the keys of accounts that no machine holds for you, each under a passphrase.\n\n"
    "  --dir DIR                   where the keys are (default ~/.config/zeus/keys)\n"
    "  --passphrase-file FILE      the passphrase is FILE's first line\n"
    "  --passphrase-fd N           it is the first line that comes from descriptor N\n"
    "  --new-passphrase-file FILE  passwd's new passphrase, the same way\n"
    "  --new-passphrase-fd N       or this way\n"
    "  --help\n\n"
    "Without these the terminal is asked. FIELD: name, address, pubkey, x25519 or auth. KEY: a name, or a public key.\n"
    "Exit status: 0 done, 1 refused, 2 usage, 77 wrong passphrase or the file is not private, 78 the file is damaged.\n";

struct options { const char *dir; struct passphrase_from old, new; };

static int complain_locked(int err, const char *name)
{
	if (err == -EKEYREJECTED)
		return cli_complain(CLI_NO_PERMISSION, "%s: the passphrase is wrong", name);
	if (err == -ENOMEM)
		return cli_complain(CLI_REFUSED, "%s: there is not enough memory to make a key of the passphrase", name);
	return cli_complain(CLI_DAMAGED, "%s: the keys inside are not those that the file shows", name);
}

int key_unlock(const char *name, const struct keyfile *f, const struct passphrase_from *from, struct keypair *out)
{
	autosecret char *pass = NULL;
	char prompt[NAME_MAX_LEN + 32];
	size_t len = 0;
	snprintf(prompt, sizeof prompt, "Passphrase of %s: ", name);
	int code = passphrase_read(from, prompt, false, &pass, &len);
	if (code)
		return code;
	int err = keyfile_unlock(f, pass, len, out);
	return err ? complain_locked(err, name) : CLI_DONE;
}

static int save_locked(const struct keydir *d, const char *name, const struct keypair *k, const struct passphrase_from *from, bool replace)
{
	autosecret char *pass = NULL;
	struct keyfile f;
	size_t len = 0;
	int code = passphrase_read(from, "New passphrase: ", true, &pass, &len);
	if (code)
		return code;
	keyfile_begin(&f);
	int err = keyfile_lock(&f, k, pass, len);
	return err ? complain_locked(err, name) : keydir_save(d, name, &f, replace);
}

/* --- what can be shown --- */

static struct address address_of(const struct keyfile *f)
{
	struct auth a = sign_auth_single(f->pk);
	return sign_address(&a);
}

static void auth_hex(const struct auth *a, char out[2 * (2 + 33 * TX_SIGS_MAX) + 1])
{
	uint8_t bytes[2 + 33 * TX_SIGS_MAX];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	auth_put(&w, a);
	hex_encode(bytes, w.len, out);
}

#define FIELDS 5
static const char *const fields[FIELDS] = {"name", "address", "pubkey", "x25519", "auth"};

static void field_text(const char *name, const struct keyfile *f, int field, char out[2 * (2 + 33 * TX_SIGS_MAX) + 1])
{
	struct address address = address_of(f);
	struct auth a = sign_auth_single(f->pk);
	if (field == 0)
		strcpy(out, name);
	if (field == 1)
		text_of_address(&address, out);
	if (field == 2)
		hex_encode(f->pk, sizeof f->pk, out);
	if (field == 3)
		hex_encode(f->x_pk, sizeof f->x_pk, out);
	if (field == 4)
		auth_hex(&a, out);
}

static int show(const char *name, const struct keyfile *f, const char *field)
{
	char text[2 * (2 + 33 * TX_SIGS_MAX) + 1];
	bool any = false;
	for (int i = 0; i < FIELDS; i++) {
		if (field && strcmp(field, fields[i]) != 0)
			continue;
		field_text(name, f, i, text);
		printf("%s%s%s\n", field ? "" : fields[i], field ? "" : " ", text);
		any = true;
	}
	return any ? CLI_DONE : cli_complain(CLI_USAGE, "a key has no '%.32s'; it has name, address, pubkey, x25519 and auth", field);
}

static int list_one(void *arg, const char *name)
{
	struct keyfile f;
	char address[ADDRESS_TEXT_MAX], pk[65];
	if (keydir_load(arg, name, &f) != CLI_DONE)
		return CLI_DONE; /* it was told; the others are still listed */
	struct address a = address_of(&f);
	text_of_address(&a, address);
	hex_encode(f.pk, sizeof f.pk, pk);
	printf("%s\t%s\t%s\n", name, address, pk);
	return CLI_DONE;
}

/* --- the commands --- */

static int cmd_new(const struct options *o, struct keydir *d, char **word, int n)
{
	autosecret struct keypair *k = secret_new(sizeof *k);
	struct keyfile f;
	sign_keypair_new(k);
	int code = save_locked(d, word[0], k, &o->old, false);
	code = code ? code : keydir_load(d, word[0], &f);
	(void)n;
	return code ? code : show(word[0], &f, NULL);
}

static int cmd_show(const struct options *o, struct keydir *d, char **word, int n)
{
	struct keyfile f;
	int code = keydir_load(d, word[0], &f);
	(void)o;
	return code ? code : show(word[0], &f, n > 1 ? word[1] : NULL);
}

static int cmd_list(const struct options *o, struct keydir *d, char **word, int n)
{
	(void)o, (void)word, (void)n;
	printf("#name\taddress\tpubkey\n");
	return keydir_each(d, list_one, d);
}

static int cmd_export(const struct options *o, struct keydir *d, char **word, int n)
{
	struct keyfile f;
	char text[ARMOUR_MAX];
	int code = keydir_load(d, word[0], &f);
	(void)o, (void)n;
	if (code)
		return code;
	armour_text(&f, text);
	fputs(text, stdout);
	return CLI_DONE;
}

static int cmd_import(const struct options *o, struct keydir *d, char **word, int n)
{
	struct keyfile f;
	char text[4 * ARMOUR_MAX];
	autoclose int fd = n > 1 ? open(word[1], O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	(void)o;
	ssize_t got = fd < 0 ? -1 : io_read_to_end(fd, text, sizeof text - 1);
	if (got < 0)
		return cli_complain(CLI_REFUSED, "%s: %s", n > 1 ? word[1] : "standard input", strerror(fd < 0 ? errno : (int)-got));
	text[got] = 0;
	if (!armour_read(text, &f))
		return cli_complain(CLI_DAMAGED, "%s: no whole key as zeus key export prints one", n > 1 ? word[1] : "standard input");
	int code = keydir_save(d, word[0], &f, false);
	return code ? code : show(word[0], &f, NULL);
}

static int cmd_passwd(const struct options *o, struct keydir *d, char **word, int n)
{
	autosecret struct keypair *k = secret_new(sizeof *k);
	struct keyfile f;
	int code = keydir_load(d, word[0], &f);
	code = code ? code : key_unlock(word[0], &f, &o->old, k);
	(void)n;
	return code ? code : save_locked(d, word[0], k, &o->new, true);
}

static int public_key(const char *dir, const char *word, uint8_t pk[32])
{
	struct keydir d;
	struct keyfile f;
	if (hex_decode(word, pk, 32))
		return CLI_DONE;
	int code = keydir_open(dir, false, &d);
	code = code ? code : keydir_load(&d, word, &f);
	keydir_close(&d);
	if (!code)
		memcpy(pk, f.pk, sizeof f.pk);
	return code;
}

static int take_key(const char *dir, char *word, struct auth *a)
{
	uint64_t weight = 1;
	uint8_t pk[32];
	char *equals = strchr(word, '=');
	if (equals)
		*equals = 0;
	if (equals && (!text_u64(equals + 1, UINT8_MAX, &weight) || weight == 0))
		return cli_complain(CLI_USAGE, "'%.32s' is no weight: 1 to 255", equals + 1);
	if (a->n == TX_SIGS_MAX)
		return cli_complain(CLI_USAGE, "an account has at most %d keys", TX_SIGS_MAX);
	int at = a->n, code = public_key(dir, word, pk);
	if (code)
		return code;
	while (at > 0 && memcmp(pk, a->key[at - 1].pk, sizeof pk) < 0)
		at--;
	if (at > 0 && memcmp(pk, a->key[at - 1].pk, sizeof pk) == 0)
		return cli_complain(CLI_USAGE, "%.64s stands there twice", word);
	memmove(&a->key[at + 1], &a->key[at], (size_t)(a->n - at) * sizeof a->key[0]);
	memcpy(a->key[at].pk, pk, sizeof pk);
	a->key[at].weight = (uint8_t)weight;
	a->n++;
	return CLI_DONE;
}

static int cmd_auth(const struct options *o, struct keydir *d, char **word, int n)
{
	struct auth a = {.n = 0};
	char text[2 * (2 + 33 * TX_SIGS_MAX) + 1];
	uint64_t threshold;
	unsigned weight = 0;
	(void)d;
	if (!text_u64(word[0], UINT8_MAX, &threshold) || threshold == 0)
		return cli_complain(CLI_USAGE, "'%.32s' is no threshold: 1 to 255", word[0]);
	for (int i = 1; i < n; i++) {
		int code = take_key(o->dir, word[i], &a);
		if (code)
			return code;
	}
	for (int i = 0; i < a.n; i++)
		weight += a.key[i].weight;
	if (threshold > weight)
		return cli_complain(CLI_USAGE, "all keys together weigh %u: nobody could ever sign with a threshold of %u", weight,
		    (unsigned)threshold);
	a.threshold = (uint8_t)threshold;
	auth_hex(&a, text);
	printf("auth %s\n", text);
	struct address address = sign_address(&a);
	text_of_address(&address, text);
	printf("address %s\n", text);
	return CLI_DONE;
}

enum use { USE_NONE, USE_THERE, USE_MAKE }; /* of the directory */
struct command {
	const char *word; int least, most; enum use use; int (*run)(const struct options *o, struct keydir *d, char **word, int n);
};
static const struct command commands[] = {{"new", 1, 1, USE_MAKE, cmd_new}, {"show", 1, 2, USE_THERE, cmd_show},
    {"list", 0, 0, USE_THERE, cmd_list}, {"export", 1, 1, USE_THERE, cmd_export}, {"import", 1, 2, USE_MAKE, cmd_import},
    {"passwd", 1, 1, USE_THERE, cmd_passwd}, {"auth", 2, 1 + TX_SIGS_MAX, USE_NONE, cmd_auth}};

static int run(const struct options *o, char **word, int n)
{
	struct keydir d = {.fd = -1};
	for (size_t i = 0; n && i < sizeof commands / sizeof commands[0]; i++) {
		const struct command *c = &commands[i];
		if (strcmp(word[0], c->word) != 0)
			continue;
		if (n - 1 < c->least || n - 1 > c->most)
			return cli_complain(CLI_USAGE, "zeus key %s: not so many words", c->word);
		int code = c->use == USE_NONE ? CLI_DONE : keydir_open(o->dir, c->use == USE_MAKE, &d);
		code = code ? code : c->run(o, &d, word + 1, n - 1);
		keydir_close(&d);
		return code;
	}
	return cli_complain(CLI_USAGE, n ? "there is no such command of zeus key" : "what is to be done with a key?");
}

int key_main(int argc, char **argv)
{
	static const struct option names[] = {{"dir", 1, 0, 'd'}, {"passphrase-file", 1, 0, 'p'}, {"passphrase-fd", 1, 0, 'P'},
	    {"new-passphrase-file", 1, 0, 'n'}, {"new-passphrase-fd", 1, 0, 'N'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	struct options o = {.old.fd = -1, .new.fd = -1};
	bool ok = true;
	int c;
	while (ok && (c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'd': o.dir = optarg; break;
		case 'p': o.old.file = optarg; break;
		case 'P': ok = passphrase_fd(optarg, &o.old.fd); break;
		case 'n': o.new.file = optarg; break;
		case 'N': ok = passphrase_fd(optarg, &o.new.fd); break;
		case 'h': fputs(help, stdout); return CLI_DONE;
		case '?': ok = false; break;
		}
	}
	if (!ok)
		return cli_complain(CLI_USAGE, "an option is unknown or its value is none");
	if (sign_init() < 0)
		return cli_complain(CLI_REFUSED, "libsodium cannot start");
	return run(&o, argv + optind, argc - optind);
}
