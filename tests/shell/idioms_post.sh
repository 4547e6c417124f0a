# Posting: every writer makes the same order.
# shellcheck shell=sh disable=SC2154
t_echo() { echo "$line" > "$O/$n" || fail; open_at "$n" 0.0100; }
t_append() { echo "$line" >> "$O/$n" || fail; open_at "$n" 0.0100; }
t_printf_lines() { printf '# a comment\n\n%s\n' "$line" > "$O/$n" || fail; open_at "$n" 0.0100; }
t_here_document() {
	cat > "$O/$n" <<EOF
# posted by a script
$line
EOF
	open_at "$n" 0.0100
}
t_sugar() { echo 'bid cpu 1 @ 0.01 for 10m' > "$O/$n" || fail; open_at "$n" 0.0100; }
t_cp() { f=$(mktemp); echo "$line" > "$f"; cp "$f" "$O/$n" || fail; rm "$f"; open_at "$n" 0.0100; }
t_cp_a() { f=$(mktemp); echo "$line" > "$f"; cp -a "$f" "$O/$n" || fail; rm "$f"; open_at "$n" 0.0100; }
t_install() { f=$(mktemp); echo "$line" > "$f"; install -m 640 "$f" "$O/$n" || fail; rm "$f"; open_at "$n" 0.0100; }
t_mv_in() { f=$(mktemp); echo "$line" > "$f"; mv "$f" "$O/$n" || fail; open_at "$n" 0.0100; }
t_dd() { echo "$line" | dd of="$O/$n" status=none || fail; open_at "$n" 0.0100; }
t_dd_fsync() { echo "$line" | dd of="$O/$n" conv=fsync status=none || fail; open_at "$n" 0.0100; }
t_tee() { echo "$line" | tee "$O/$n" > /dev/null || fail; open_at "$n" 0.0100; }
t_tee_append() { echo "$line" | tee -a "$O/$n" > /dev/null || fail; open_at "$n" 0.0100; }
t_python() {
	need python3
	python3 -c 'import sys; f = open(sys.argv[1], "w"); f.write(sys.argv[2] + "\n"); f.close()' "$O/$n" "$line" || fail
	open_at "$n" 0.0100
}
t_perl() {
	need perl
	perl -e 'open(F, ">", $ARGV[0]) or die; print F "$ARGV[1]\n"; close(F) or die "$!\n"' "$O/$n" "$line" || fail
	open_at "$n" 0.0100
}
t_noclobber() {
	set -C
	echo "$line" > "$O/$n" || fail
	refused '' sh -Cc 'echo "$2" > "$1"' sh "$O/$n" "$line"
	set +C
	open_at "$n" 0.0100
}
t_receipt() {
	exec 3<> "$O/$n"
	echo "$line" >&3 || fail
	read -r answer <&3 || fail "no answer"
	exec 3>&-
	case $answer in "bid cpu qty=1 "*state=open*) ;; *) fail "answer: $answer" ;; esac
}
t_post() {
	exec 3<> "$ZEUS/market/post"
	echo "$line" >&3 || fail
	read -r answer <&3 || fail "no answer"
	echo 'bid cpu qty=2 price=0.0100 for=10m' >&3 || fail
	read -r second <&3 || fail "no second answer"
	exec 3>&-
	case $answer in "bid cpu qty=1 "*) ;; *) fail "answer: $answer" ;; esac
	case $second in "bid cpu qty=2 "*) ;; *) fail "second: $second" ;; esac
	rm -f "$O"/p*-*
}
t_batch() {
	exec 3<> "$ZEUS/market/batch"
	printf '%s\n' "$line name=$n" "$line name=${n}b" commit >&3 || fail
	exec 3>&-
	open_at "$n" 0.0100; open_at "${n}b" 0.0100
	exec 3<> "$ZEUS/market/batch"
	printf '%s\n' "amend $n price=0.02" "cancel ${n}b" commit >&3 || fail
	exec 3>&-
	i=0; while ! grep -q price=0.0200 "$O/$n" && [ $i -lt 50 ]; do sync "$O"; i=$((i + 1)); done
	grep -q price=0.0200 "$O/$n" || fail "$(cat "$O/$n")"
}
t_batch_poisoned() {
	exec 3<> "$ZEUS/market/batch"
	echo "$line name=$n" >&3 || fail
	echo 'bid nothing price=1 for=1h name=zz' >&3 2>/dev/null && fail "a bad line was taken"
	echo commit >&3 2>/dev/null && fail "a poisoned batch was committed"
	exec 3>&-
	[ ! -e "$O/$n" ] || fail "a part was done"
}
