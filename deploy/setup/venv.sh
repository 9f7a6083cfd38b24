#!/bin/sh
# Builds .venv with the `tocsin` command in it, from the lock alone (versions and hashes). Does nothing when the lock,
# pyproject.toml, the interpreter and the folder are what they were: that is what the stamp holds.
set -eu
cd "$(dirname "$0")/../.."
lock=deploy/setup/requirements-dev.txt
stamp=.venv/tocsin-setup

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# The first interpreter that is new enough; PYTHON=... names another.
find_python() {
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

# ensurepip is what a bare Debian leaves out of Python, and venv cannot do without it.
provide_ensurepip() {
  "$python" -c 'import ensurepip, venv' 2>/dev/null && return
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  command -v apt-get >/dev/null || stop "$python has no venv module. Install it (for example the package $package), then repeat this command."
  [ "$(id -u)" = 0 ] || stop "$python has no venv module. Type: sudo apt-get update && sudo apt-get install $package   and repeat this command."
  say "installing $package with apt-get"
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 install --no-install-recommends "$package"; } \
    >"$log" 2>&1 </dev/null || { tail -n 5 "$log" >&2; stop "apt-get could not install $package; the lines above say why."; }
}

python=$(find_python)
[ -n "$python" ] || stop "Python 3.11 or later is needed (python3 here: $(python3 --version 2>&1 || true)). Install it (Debian: apt-get install python3; macOS: brew install python), then repeat this command."

wanted="$("$python" --version) $python $PWD $(cat "$0" "$lock" pyproject.toml | cksum)"
[ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && exit 0

log=$(mktemp)
trap 'rm -f "$log"' EXIT
provide_ensurepip
say "building .venv (half a minute to two the first time)"
rm -f "$stamp"
.venv/bin/python -c 'import pip' 2>/dev/null || "$python" -m venv --clear .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }
# Two steps: the packages, each held to its hash; then this checkout, with the locked setuptools and nothing fetched.
{ pip install --no-compile --require-hashes --only-binary :all: --requirement "$lock" &&
  pip install --no-deps --no-build-isolation --editable .; } \
  >"$log" 2>&1 </dev/null || { tail -n 15 "$log" >&2; stop "pip could not install the locked packages; the lines above say why."; }
# Compiled here on all cores (pip uses one), so that the rooms, which start together, do not each compile the same; what
# they hardly ever load is left to its first use.
.venv/bin/python -m compileall -q -j 0 -x '/(twilio/rest|twilio/twiml|phonenumbers/[a-z]*data|tests)/' \
  "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" >/dev/null 2>&1 || true
printf '%s\n' "$wanted" >"$stamp"
