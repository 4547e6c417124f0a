#!/bin/bash
# A secret on its way: written into tasks/NAME/env, it is in the task that runs, in the files of who wrote it, and in nothing that the
# ledger keeps or tells. And where the task is reached, on its way back: the buyer reads it, it is true, and nothing else has it.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
create s
start
secret=hunter2-$$-$RANDOM$RANDOM

app demo << 'END'
echo "the secret is $PASSWORD"
busybox ip addr show eth0
while true; do
  nc -l -p 7007 -e /bin/echo "hello from the task" || sleep 1
done
END
post $seller offer 'ask cpu cpu=0.5 mem=128M price=0.02 max=1h'
post $buyer slot 'bid cpu cpu=0.25 mem=64M price=0.05 for=10m'
await 10 'the order is matched' has_lease $buyer slot
lease=$(lease_of $buyer slot)
as_member $buyer mkdir "$mnt/tasks/keeper" || fail 'no task was made'
put $buyer app:demo "$mnt/tasks/keeper/image" || fail 'the image was not taken'
put $buyer slot "$mnt/tasks/keeper/lease" || fail 'the lease was not taken'
put $buyer "PASSWORD=$secret" "$mnt/tasks/keeper/env" || fail 'the variable was not taken'
put $buyer start "$mnt/tasks/keeper/ctl" || fail "the task was not started: $(as_user $buyer tail -n 3 "$mnt/errors")"
await 30 'the task runs' grep -q "the secret is $secret" "$mnt/tasks/keeper/log"
ok 'the task has the secret'
grep -q "PASSWORD=$secret" "$mnt/tasks/keeper/env" || fail 'its owner does not see it'

# Where it is reached.
endpoint=$mnt/tasks/keeper/endpoint
await 20 'the lease is ready' test -s "$endpoint"
same 'its first line' '#proto address port hostport' "$(as_user $buyer head -n 1 "$endpoint")"
address=$(as_user $buyer awk 'NR == 2 && $1 == "any" && $3 == "-" && $4 == "-" { print $2 } END { exit NR != 2 }' "$endpoint") ||
  fail "its owner cannot read it: $(cat "$endpoint")"
grep -q "inet $address/" "$mnt/tasks/keeper/log" || fail "the task has another address than $address: $(cat "$mnt/tasks/keeper/log")"
same 'the endpoint in status' "endpoint any $address - -" "$(as_user $buyer grep '^endpoint' "$mnt/tasks/keeper/status")"
answers() { [ "$(busybox nc -w 5 "$address" 7007 < /dev/null)" = 'hello from the task' ]; }
await 20 'the task answers there' answers
ok "its buyer reads where the task is reached, and the task is there"
! as_user $stranger cat "$endpoint" 2> /dev/null || fail 'a stranger reads it'
! as_member $stranger cat "$endpoint" 2> /dev/null || fail 'a member of the group reads it'
same 'what the group sees of it' 'endpoint -' "$(as_member $stranger grep '^endpoint' "$mnt/tasks/keeper/status")"
same 'and in the lease' 'endpoint -' "$(as_member $stranger grep '^endpoint' "$mnt/leases/$lease/status")"
unsaid() { # what the ledger keeps, and what every block of it shows
  grep -rqaF 'sealed:' "$state/ledger" || fail 'the sealed endpoint is not found in the ledger'
  ! grep -rqaF "any $address" "$state/ledger" || fail 'the ledger keeps the endpoint'
  local chain height shown=0
  for chain in "$mnt"/chains/[0-9]; do
    for height in $(seq 1 "$(cat "$chain/height")"); do
      ! grep -qF "$address" "$chain/blocks/$height/txs" || fail "block $height of ${chain##*/} shows the endpoint"
      ! grep -qF '"endpoint":"sealed:' "$chain/blocks/$height/txs" || shown=$((shown + 1))
    done
  done
  same 'blocks that show a sealed one' 1 "$shown"
}
unsaid

# Kept by the ledger: what is newest stands in its files as it is, as the task's name does.
grep -rqa keeper "$state/ledger" || fail 'the deploy is not found in the ledger'
! grep -rqa "$secret" "$state/ledger" || fail 'the ledger keeps the secret'
same 'what the task is called' keeper "$(field "$mnt/leases/$lease/status" task)"

# Whoever comes anew is told again: plan gets it opened, and finds the task that it runs.
pid=$(task_pid keeper)
crash broker
start_broker
same 'the task after its broker crashed' "$pid" "$(task_pid keeper)"
halt ledger || fail 'the ledger did not stop'
start_ledger
await 20 'all serve again' serves
same 'the task after its ledger restarted' running "$(cat "$mnt/tasks/keeper/state")"
same 'the endpoint, told again' "any $address - -" "$(as_user $buyer tail -n 1 "$endpoint")"
same 'reason' - "$(field "$mnt/tasks/keeper/status" reason)"
release "$lease"
[ ! -s "$endpoint" ] || fail "the lease is over, and its address is still told"
! grep -rqa "$secret" "$state/ledger" || fail 'the ledger keeps the secret'
whole_supply 2
