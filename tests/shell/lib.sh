# Shared by the idioms: a name nobody else uses, and what is expected of an order.
# shellcheck shell=sh disable=SC2034
O=$ZEUS/market/orders
line='bid cpu qty=1 price=0.0100 for=10m'
n=x$$
trap 'rm -f "$O/$n" "$O/$n"b "$O/.$n" 2>/dev/null' EXIT

fail() { echo "$*"; tail -n 3 "$ZEUS/errors"; exit 1; }
need() { command -v "$1" >/dev/null || { echo "there is no $1"; exit 77; }; }
open_at() { grep -q "price=$2.*state=open" "$O/$1" || fail "$1 is not open at $2: $(cat "$O/$1" 2>&1)"; }
id_of() { sed 's/.* id=\([^ ]*\) .*/\1/' "$O/$1"; }
refused() { # message-pattern command...
	want=$1; shift
	if said=$("$@" 2>&1); then fail "'$*' was accepted"; fi
	[ -z "$want" ] || case $said in *"$want"*) ;; *) fail "'$*' said: $said" ;; esac
}
no_strays() { [ -z "$(ls -A "$O" | grep -v "^$n" | grep -E '^\.|^sed|^XX|~$|^4913')" ] || fail "left behind: $(ls -A "$O")"; }
