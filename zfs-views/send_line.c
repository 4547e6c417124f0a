/* From a line of accounts/NAME/send to its parts.
 *
 * Who `to` is, is found by the caller: an address, or a user of this machine. Keys are taken as they are: only their form is known here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common/text.h"
#include "zfs-views/send_line.h"

static bool memo_ok(const char *v)
{
	for (const char *c = v; *c; c++)
		if ((unsigned char)*c < 32 || (unsigned char)*c > 126)
			return false;
	return strlen(v) <= MEMO_MAX;
}

bool send_auth(const char *v, int column, struct auth *out, struct refusal *why)
{
	uint8_t bytes[2 + 33 * TX_SIGS_MAX];
	size_t len = strlen(v) / 2;
	bool hex = len <= sizeof bytes && hex_decode(v, bytes, len);
	struct rbuf r = rbuf_on(bytes, hex ? len : 0);
	return (hex && auth_get(&r, out) && rbuf_end(&r)) ||
	       refuse(why, EINVAL, column, "auth= wants what zeus key show or zeus key auth prints");
}

static bool take_short(const char *v, char *out, size_t cap, int *column, int at)
{
	if (!*v || strlen(v) >= cap)
		return false;
	strcpy(out, v);
	*column = at;
	return true;
}

bool send_amount(const char *text, uint8_t decimals, int column, const char *key, struct money *out, struct refusal *why)
{
	return (text_units(text, decimals, out) && !money_is_zero(*out)) ||
	       refuse(why, EINVAL, column, "%s wants a number above 0 with at most %u places", key, decimals);
}

static bool take_key(const char *key, const char *v, int column, struct send_line *s, struct refusal *why)
{
	int at = column + (int)(v - key);
	if (strcmp(key, "to") == 0) {
		if (!*v || strlen(v) >= sizeof s->to)
			return refuse(why, EINVAL, at, "to= wants an address (znc1...) or a user's name");
		strcpy(s->to, v);
		s->to_column = at;
		return true;
	}
	if (strcmp(key, "auth") == 0)
		return s->opens = send_auth(v, at, &s->auth, why);
	if (strcmp(key, "x25519") == 0)
		return hex_decode(v, s->x25519, sizeof s->x25519) || refuse(why, EINVAL, at, "x25519= wants 64 hex digits");
	if (strcmp(key, "amount") == 0)
		return take_short(v, s->amount, sizeof s->amount, &s->amount_column, at) ||
		       refuse(why, EINVAL, at, "amount= wants a number above 0");
	if (strcmp(key, "token") == 0)
		return take_short(v, s->token, sizeof s->token, &s->token_column, at) || refuse_verdict(why, V_NO_TOKEN, at);
	if (strcmp(key, "note") == 0) {
		if (!memo_ok(v))
			return refuse_verdict(why, V_BAD_MEMO, at);
		strcpy(s->memo, v);
		return true;
	}
	return refuse(why, EINVAL, column, "unknown key %.32s=", key);
}

bool send_line_parse(const char *line, struct send_line *out, struct refusal *why)
{
	struct send_line s = {.to_column = -1, .token_column = -1, .amount_column = -1, .token = "ZNC"};
	char text[LINE_MAX_LEN + 1], *save = NULL;
	snprintf(text, sizeof text, "%s", line);
	*why = (struct refusal){.column = -1};
	for (char *t = strtok_r(text, " \t\r", &save); t; t = strtok_r(NULL, " \t\r", &save)) {
		int column = (int)(t - text);
		char *eq = strchr(t, '=');
		if (!eq)
			return refuse(why, EINVAL, column, "'%.32s' is no key=value", t);
		*eq = 0;
		if (!take_key(t, eq + 1, column, &s, why))
			return false;
	}
	if (s.opens && (s.to_column >= 0 || s.memo[0] || s.token_column >= 0))
		return refuse(why, EINVAL, (int)strlen(line), "with auth= there is neither to= nor token= nor note=");
	if (!s.opens && s.to_column < 0)
		return refuse(why, EINVAL, (int)strlen(line), "to= is missing");
	if (!s.amount[0])
		return refuse(why, EINVAL, (int)strlen(line), "amount= is missing");
	*out = s;
	return true;
}
