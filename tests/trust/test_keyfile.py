"""A key's file is read again when another key was put in its place."""

import os
from pathlib import Path

import pytest

from services.runtime.keyfile import KeyFile
from services.runtime.trust import new_key, write_key


def test_another_key_is_seen_at_once(tmp_path: Path) -> None:
    path, other = tmp_path / "approve.pem", tmp_path / "next.pem"
    first, second = new_key(), new_key()
    write_key(first, path)
    file = KeyFile(path)
    assert file.read().id == first.id
    assert file.read() is file.read()
    write_key(second, other)
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))  # a clock that stands still
    other.replace(path)
    assert file.read().id == second.id


def test_a_file_that_went_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        KeyFile(tmp_path / "none.pem").read()
