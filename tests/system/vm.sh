#!/bin/bash
# The units as they are shipped, and the kernel side on control groups v2, under a service manager in a virtual machine: tests/vm/README.md.
# Makes the machine if it is not there. All of it within 25 minutes: what does not fit into them is left out, and said.
set -u
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
most_s=1500 image_s=600
[ "${ZEUS_VM:-}" != no ] || { echo 'skipped: ZEUS_VM=no'; exit 77; }
[ "${sanitizers:-}" != yes ] || { echo 'skipped: built with sanitizers, whose children cannot be confined'; exit 77; }
timeout -k 20 $image_s "$top/tests/vm/image.sh"
status=$?
[ $status != 124 ] || { echo "skipped: the machine was not made within $image_s s; tests/vm/image.sh makes it"; exit 77; }
[ $status = 0 ] || exit $status
ZEUS_VM_LIMIT=${ZEUS_VM_LIMIT:-$((most_s - SECONDS - 20))} exec "$top/tests/vm/run.sh" short
