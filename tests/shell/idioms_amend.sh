# Amending, refusing, removing.
# shellcheck shell=sh disable=SC2154
posted() { echo "$line" > "$O/$n" || fail; open_at "$n" 0.0100; id=$(id_of "$n"); }
amended() { open_at "$n" 0.0200; [ "$(id_of "$n")" = "$id" ] || fail "it became another order"; no_strays; }

t_write_over() { posted; echo 'bid cpu qty=1 price=0.02 for=10m' > "$O/$n" || fail; amended; }
t_sed_i() { posted; sed -i 's/price=[0-9.]*/price=0.02/' "$O/$n" || fail; amended; }
t_perl_i() { need perl; posted; perl -i -pe 's/price=[0-9.]*/price=0.02/' "$O/$n" || fail; amended; }
t_vim() { need vim; posted; vim -u NONE -es -c 's/price=[0-9.]*/price=0.02/' -c 'wq' "$O/$n" || fail "vim: $?"; amended; }
t_vim_defaults() {
	need vim
	posted
	HOME=/nonexistent vim -es -c 's/price=[0-9.]*/price=0.02/' -c 'wq' "$O/$n" || fail "vim: $?"
	amended;
}
t_vim_refused() {
	need vim; posted
	vim -u NONE -es -c 's/price=[0-9.]*/price=zero/' -c 'wq' "$O/$n" && fail "vim was content"
	vim -u NONE -es -c 'q!' "$O/$n"
	open_at "$n" 0.0100
}
t_rsync() {
	need rsync; posted
	d=$(mktemp -d); sed 's/price=[0-9.]*/price=0.02/' "$O/$n" > "$d/$n"
	rsync --inplace "$d/$n" "$O/$n" || fail; rm -r "$d"; amended
}
t_rsync_temp() {
	need rsync; posted
	d=$(mktemp -d); sed 's/price=[0-9.]*/price=0.02/' "$O/$n" > "$d/$n"
	rsync -a --no-owner --no-group "$d/" "$O/" || fail; rm -r "$d"; amended
}
t_python_replace() {
	need python3; posted
	python3 -c 'import os, sys
d, n = sys.argv[1:]
p = d + "/." + n
with open(p, "w") as f: f.write(open(d + "/" + n).read().replace("0.0100", "0.02"))
os.replace(p, d + "/" + n)' "$O" "$n" || fail
	amended
}
t_draft() {
	echo 'bid cpu qty=1 price=0.02 for=10m' > "$O/.$n" || fail
	[ ! -e "$O/$n" ] || fail "a draft traded"
	mv "$O/.$n" "$O/$n" || fail
	open_at "$n" 0.0200; no_strays
}
t_draft_refused() {
	echo 'bid nothing price=1 for=1h' > "$O/.$n" || fail
	refused 'ad message' mv "$O/.$n" "$O/$n"
	[ ! -e "$O/$n" ] || fail
	rm "$O/.$n"
}
t_mv_n() { posted; echo 'bid cpu qty=1 price=0.02 for=10m' > "$O/.$n"; mv -n "$O/.$n" "$O/$n"; open_at "$n" 0.0100; }
t_refused() {
	refused 'ange' sh -c 'printf "%s\n" "bid cpu price=0.00001 for=1h" | cat > "$1"' sh "$O/$n"
	refused 'o such device' sh -c 'printf "%s\n" "bid gpux price=1 for=1h" | cat > "$1"' sh "$O/$n"
	[ ! -e "$O/$n" ] || fail "a refused order left a file"
	tail -n 2 "$ZEUS/errors" | grep -q '^      ^$' || fail "no caret under the symbol: $(tail -n 3 "$ZEUS/errors")"
}
t_missing_newline() { refused '' sh -c 'printf %s "bid cpu price=0.01 for=1h" > "$1"' sh "$O/$n"; [ ! -e "$O/$n" ] || fail; }
t_no_money() { refused 'uota' sh -c 'echo "bid cpu qty=1000 price=9000 for=1d" | cat > "$1"' sh "$O/$n"; }
t_stale() {
	posted
	old=$(cat "$O/$n")
	sed -i 's/price=[0-9.]*/price=0.02/' "$O/$n"
	refused 'tale' sh -c 'echo "$2" | cat > "$1"' sh "$O/$n" "$old"
	open_at "$n" 0.0200;
}
t_copy_refused() { posted; refused 'already' cp "$O/$n" "$O/${n}b"; [ ! -e "$O/${n}b" ] || fail; }
t_truncate_touch() { posted; : > "$O/$n"; truncate -s 0 "$O/$n" || fail; touch "$O/$n" || fail; open_at "$n" 0.0100; }
t_touch_new() { touch "$O/$n" || fail; [ ! -e "$O/$n" ] || fail "a name without an order stayed"; }
t_chown() {
	posted
	chown "$(id -u)" "$O/$n" || fail
	chmod 640 "$O/$n" || fail
	[ "$(id -u)" = 0 ] && refused '' chown 12345 "$O/$n"
	open_at "$n" 0.0100;
}
t_rm() {
	posted
	rm "$O/$n" || fail
	[ ! -e "$O/$n" ] || fail "still there"
	echo "$line" > "$O/$n" || fail "the name is not free"
	open_at "$n" 0.0100;
}
t_sync() { posted; timeout 5 sync "$O/$n" || fail; timeout 5 sync "$O" || fail; }
t_links() { posted; refused '' ln -s x "$O/${n}b"; refused '' ln "$O/$n" "$O/${n}b"; refused '' mkfifo "$O/${n}b"; }
t_two_orders() { refused '' sh -c 'printf "%s\n%s\n" "$2" "$2" | cat > "$1"' sh "$O/$n" "$line"; }
t_read_tools() {
	posted
	[ "$(wc -c < "$O/$n")" = "$(cat "$O/$n" | wc -c)" ] || fail wc
	[ "$(tail -n 1 "$O/$n")" = "$(cat "$O/$n")" ] || fail tail
	tar cf - -C "$O" "$n" 2>&1 | tar xOf - | cmp - "$O/$n" || fail tar
	cat "$O"/* | awk '{ print $1 }' | grep -q bid || fail awk
	timeout 20 grep -r zzzz "$ZEUS/market" > /dev/null
	timeout 20 find "$ZEUS" -type f -readable -exec cat {} + > /dev/null 2>&1
	[ $? != 124 ] || fail walk
}
t_task_draft() {
	T=$ZEUS/tasks/$n
	[ -w "$ZEUS/tasks" ] || { echo "the caller is not in group zeus"; exit 77; }
	mkdir "$T" || fail
	echo nothing > "$T/image" || fail
	printf '%s\n' one two > "$T/cmd" || fail; echo three >> "$T/cmd" || fail
	[ "$(cat "$T/cmd" | tr '\n' ' ')" = 'one two three ' ] || fail "cmd: $(cat "$T/cmd")"
	sed -n 1p "$T/state" | grep -q draft || fail
	refused '' sh -c 'echo start > "$1"' sh "$T/ctl"
	mkdir "$T" 2>/dev/null && fail "made twice"
	mv "$T" "${T}b" || fail
	rm -r "${T}b" || fail
	[ ! -e "${T}b" ] || fail
}
t_errors() { echo > "$ZEUS/errors" || fail; [ ! -s "$ZEUS/errors" ] || fail; }
