#!/bin/sh
# Provides PostgreSQL's own programs for the tests of stores that several processes share (`make test`). Installs the
# distribution's package where root may; elsewhere says in one line what is missing, and those tests are skipped. No
# server is set up or started: each test run makes its own in a temporary folder.
set -eu
for program in $(command -v initdb || true) /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb \
  /usr/local/opt/postgresql*/bin/initdb; do
  [ -x "$program" ] && exit 0
done

say() { printf 'setup: %s\n' "$*" >&2; }
missing="PostgreSQL is not installed, so its tests are skipped"
command -v apt-get >/dev/null || { say "$missing (macOS: brew install postgresql)"; exit 0; }
[ "$(id -u)" = 0 ] || { say "$missing; to run them: sudo apt-get install postgresql"; exit 0; }

say "installing postgresql with apt-get, for the tests"
log=$(mktemp)
no_cluster=/etc/postgresql-common/createcluster.d/tocsin.conf
mkdir -p "$(dirname "$no_cluster")"
echo "create_main_cluster = false" >"$no_cluster"
trap 'rm -f "$log" "$no_cluster"' EXIT
{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 install --no-install-recommends postgresql; } \
  >"$log" 2>&1 </dev/null || { tail -n 5 "$log" >&2; say "apt-get could not install postgresql; its tests are skipped"; }
