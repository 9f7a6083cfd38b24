"""`make help`: every target with what it does, and by nothing that one system's tools do and another's do not."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.code import REPOSITORY

TEXT = (REPOSITORY / "Makefile").read_text()
LOCK = (REPOSITORY / "deploy/setup/lock.sh").read_text()


def test_every_target_is_listed_with_what_it_does(tmp_path: Path) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make on this machine")
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    # Under `make test` a make says besides which folder it enters.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    said = subprocess.run([make, "help"], cwd=tmp_path, capture_output=True, text=True, check=True, env=bare).stdout
    found = dict(re.findall(r"^([a-z]+) +(\S.*)$", said, re.MULTILINE))
    [targets] = re.findall(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)
    assert list(found) == targets.split()
    assert {line.index(what) for line, what in zip(said.splitlines(), found.values(), strict=True)} == {10}


def test_no_escape_is_left_to_seds_that_know_it_not() -> None:
    r"""POSIX's sed has no \t, and BSD's writes a t."""
    assert re.findall(r"sed .*\\t", TEXT) == []


def test_help_says_all_that_lock_writes() -> None:
    [said] = re.findall(r"^lock:.*## (.*)$", TEXT, re.MULTILINE)
    assert "requirements" in said
    assert ("SBOM" in said) == ("sbom.sh" in LOCK)
