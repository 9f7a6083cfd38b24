#!/bin/sh
# Writes the two locks anew from pyproject.toml: every package with its version and the hashes of its wheels, one file
# for all the platforms in pyproject's [tool.uv]. Run by hand (`make lock`) when a dependency changes; `make lock ARGS=--upgrade`
# takes newer versions within pyproject's ranges, without it what is locked stays.
set -eu
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
.venv/bin/python -m venv "$scratch"
"$scratch/bin/python" -m pip install --quiet 'uv>=0.13,<0.14'

compile() {
  "$scratch/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
    --only-binary :all: --no-emit-index-url --generate-hashes --custom-compile-command 'make lock' "$@"
}
compile --output-file deploy/setup/requirements.txt ${1+"$@"}
# What runs is what was tested: the second starts from the first's choices, which uv keeps.
cp deploy/setup/requirements.txt deploy/setup/requirements-dev.txt
compile --extra dev --output-file deploy/setup/requirements-dev.txt
deploy/image/sbom.sh
