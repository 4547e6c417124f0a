#!/bin/sh
# Every way people write files, against a mounted tree, in bash and in dash. Used by the system test:
#   ZEUS=/zeus tests/shell/run.sh
# The caller must have an account with a few ZNC. Exit 77: nothing is mounted here.
here=$(dirname "$0")
ZEUS=${ZEUS:?say ZEUS=MOUNTPOINT}
export ZEUS
[ -e /dev/fuse ] || { echo "skipped: there is no /dev/fuse"; exit 77; }
[ -d "$ZEUS/market" ] || { echo "skipped: $ZEUS is not a mounted tree"; exit 77; }
[ -L "$ZEUS/me" ] && [ -d "$ZEUS/me/" ] || { echo "skipped: the caller has no account at $ZEUS"; exit 77; }
failed=0 ran=0
for sh in bash dash; do
	command -v "$sh" >/dev/null || { echo "no $sh here"; continue; }
	for file in "$here"/idioms_*.sh; do
		for test in $(sed -n 's/^\(t_[a-z0-9_]*\)().*/\1/p' "$file"); do
			ran=$((ran + 1))
			out=$(timeout 60 "$sh" -c '. "$1"; . "$2"; "$3"' "$sh" "$here/lib.sh" "$file" "$test" 2>&1)
			rc=$?
			case $rc in
			0) echo "ok $sh $test" ;;
			77) echo "skip $sh $test: $out" ;;
			*) failed=$((failed + 1)); echo "FAILED $sh $test ($rc)"; echo "$out" | sed 's/^/    /' ;;
			esac
		done
	done
done
echo "$ran run, $failed failed"
[ "$failed" = 0 ]
