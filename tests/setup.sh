# Sourced by test.sh and quickstart.sh: what both need before they can begin. Packages from Debian, the daemons' users, a build.
# Each function does nothing where there is nothing to do, and ends the script with a sentence where it cannot go on.
# shellcheck shell=bash disable=SC2094

SETUP_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SETUP_BUILD=$SETUP_TOP/build

# The one list of Debian packages: to build, to run, to test.
SETUP_BUILD_PACKAGES='build-essential autoconf automake pkg-config libfuse3-dev libcgroup-dev libnl-3-dev libnl-route-3-dev libnftables-dev
  libsodium-dev libleveldb-dev check libuv1-dev libjansson-dev libinih-dev uthash-dev libseccomp-dev libcap-ng-dev libsystemd-dev
  libbpf-dev'
SETUP_RUN_PACKAGES='fuse3 crun runc conmon skopeo umoci busybox-static iproute2 e2fsprogs'
SETUP_TEST_PACKAGES='iperf3 xxd jq dash mandoc inotify-tools rsync binutils libcap2-bin qemu-system-x86 mmdebstrap'

setup_say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

setup_die() { # STATUS SENTENCE
  printf '%s: %s\n' "${0##*/}" "$2" >&2
  exit "$1"
}

setup_need_root() {
  [ "$(id -u)" = 0 ] || setup_die 77 "this changes the machine and needs root: sudo $0"
}

# Runs a command quietly; the end of its output is shown if it fails.
setup_quietly() { # WHAT COMMAND...
  local what=$1 log start=$SECONDS
  shift
  setup_say "$what"
  log=$(mktemp "${TMPDIR:-/tmp}/zeus-setup.XXXXXX")
  if ! "$@" > "$log" 2>&1; then
    tail -n 60 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  setup_say "$what: done in $((SECONDS - start)) s"
}

setup_packages() { # [PACKAGE...]: install what is missing of these, or of all
  local wanted missing
  # shellcheck disable=SC2206 # a list
  wanted=(${*:-$SETUP_BUILD_PACKAGES $SETUP_RUN_PACKAGES $SETUP_TEST_PACKAGES})
  if ! command -v dpkg-query >/dev/null; then
    setup_say "this is not Debian: install by hand what ./configure asks for"
    return 0
  fi
  missing=$(comm -13 <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^ii *//p' | sort -u) \
    <(printf '%s\n' "${wanted[@]}" | sort -u))
  [ -n "$missing" ] || return 0
  setup_need_root
  setup_quietly 'reading the lists of packages' apt-get update || setup_die 1 'apt-get update failed: is there a network?'
  # shellcheck disable=SC2086 # a list
  setup_quietly "installing ${missing//$'\n'/ }" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing ||
    setup_die 1 'installing packages failed'
}

# The daemons' system users and the group zeus: systemd/zeus.sysusers says which.
setup_users() {
  local kind name home missing=
  while read -r kind name _; do
    case $kind in
      u) getent passwd "$name" >/dev/null || missing=1 ;;
      g) getent group "$name" >/dev/null || missing=1 ;;
    esac
  done < "$SETUP_TOP/systemd/zeus.sysusers"
  [ -n "$missing" ] || return 0
  setup_need_root
  setup_say 'adding the system users of the daemons'
  ! command -v systemd-sysusers >/dev/null || { systemd-sysusers "$SETUP_TOP/systemd/zeus.sysusers" && return 0; }
  while read -r kind name _; do
    home=$(sed -n "s|^u $name .* ||p" "$SETUP_TOP/systemd/zeus.sysusers")
    case $kind in
      u)
        getent passwd "$name" >/dev/null ||
          useradd --system --user-group --no-create-home --home-dir "$home" --shell /usr/sbin/nologin "$name"
        ;;
      g) getent group "$name" >/dev/null || groupadd --system "$name" ;;
    esac
  done < "$SETUP_TOP/systemd/zeus.sysusers"
}

# What root made in a tree that belongs to somebody else is given to them.
setup_hand_back() {
  local name
  if [ "$(id -u)" != 0 ] || [ "$(stat -c %u "$SETUP_TOP")" = 0 ]; then
    return 0
  fi
  for name in build build-aux autom4te.cache configure config.h.in Makefile.in aclocal.m4; do
    [ ! -e "$SETUP_TOP/$name" ] || chown -RhP --reference="$SETUP_TOP" "$SETUP_TOP/$name"
  done
}

setup_configure() { # ARGUMENT...: of ./configure; done again only when they change
  local stamp=$SETUP_BUILD/.configured
  mkdir -p "$SETUP_BUILD"
  # make would call automake alone, which does not add the auxiliary files that a new kind of target needs.
  if [ ! -x "$SETUP_TOP/configure" ] ||
    [ -n "$(find "$SETUP_TOP" \( -name '*.am' -o -name configure.ac \) -newer "$SETUP_TOP/configure")" ]; then
    setup_quietly 'making ./configure' "$SETUP_TOP/autogen.sh" || return 1
  fi
  if [ -f "$SETUP_BUILD/Makefile" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$*" ]; then
    return 0
  fi
  setup_quietly "configuring in ${SETUP_BUILD#"$PWD"/}" env -C "$SETUP_BUILD" ../configure "$@" || return 1
  printf '%s\n' "$*" > "$stamp"
}

setup_build() { # ARGUMENT...: of ./configure. The programs lie in $SETUP_BUILD afterwards.
  setup_configure "$@" && setup_quietly 'building' make -C "$SETUP_BUILD" -j"$(nproc)" all
}
