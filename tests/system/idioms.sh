#!/bin/bash
# The idioms of the shell, as the manual promises them, in bash and in dash: for root, and for a user who is nobody else.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
need dash bash
create a
start
cp -r "$top/tests/shell" "$work/shell"
chmod -R go+rX "$work/shell"
for uid in $seller $buyer; do
  (cd "$work/shell" && as_member "$uid" env ZEUS="$mnt" TMPDIR=/tmp timeout $((60 * slow)) sh ./run.sh) > "$work/said" 2>&1
  status=$?
  grep -v '^ok' "$work/said"
  [ $status = 0 ] || fail "idioms of uid $uid: status $status"
  ok "idioms of uid $uid"
done
whole_supply 2
