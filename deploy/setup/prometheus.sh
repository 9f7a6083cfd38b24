#!/bin/sh
# Fetches prometheus, promtool and amtool for the tests, as Debian packages them, into .venv/prometheus. Nothing is
# installed into the system and no service is started: the packages are only unpacked. But for two files: Debian's
# Alertmanager reads its own templates from /usr/share and nowhere else, so as root they are put there. Does nothing
# where all is there; where it cannot be had it says so and succeeds, and the tests that need it are skipped (not under
# CI).
set -eu
cd "$(dirname "$0")/../.."
place=.venv/prometheus
templates=usr/share/prometheus/alertmanager

say() { printf 'setup: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null || [ -x "$place/usr/bin/$1" ]; }

give_templates() {
  [ "$(id -u)" = 0 ] && [ -d "$place/$templates" ] || return 0
  for name in default.tmpl email.tmpl; do
    [ -f "/$templates/$name" ] || install -D -m 644 "$place/$templates/$name" "/$templates/$name"
  done
}

if have prometheus && have promtool && have amtool; then
  give_templates
  exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  say "prometheus, promtool and amtool are not here, and there is no apt-get: tests of rules and dashboards are skipped"
  exit 0
fi

say "fetching prometheus and prometheus-alertmanager with apt-get (60 MB)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # apt downloads as a user of its own
[ "$(id -u)" != 0 ] || apt-get -qq update >"$folder/log" 2>&1 || true
if (cd "$folder" && apt-get -qq download prometheus prometheus-alertmanager) >>"$folder/log" 2>&1; then
  for package in "$folder"/*.deb; do
    dpkg-deb -x "$package" "$place"
  done
  give_templates
else
  tail -n 3 "$folder/log" >&2
  say "apt-get could not fetch them: tests of rules and dashboards are skipped"
fi
