#!/bin/bash
# A secret on its way: written into tasks/NAME/env, it is in the task that runs, in the files of who wrote it, and in nothing that the
# ledger keeps or tells.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
create s
start
secret=hunter2-$$-$RANDOM$RANDOM

app demo << 'END'
echo "the secret is $PASSWORD"
exec sleep 600
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
same 'reason' - "$(field "$mnt/tasks/keeper/status" reason)"
release "$lease"
! grep -rqa "$secret" "$state/ledger" || fail 'the ledger keeps the secret'
whole_supply 2
