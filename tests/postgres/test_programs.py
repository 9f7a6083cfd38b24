"""Where PostgreSQL is there and cannot be run, one line says why: two hundred errors would say nothing."""

import os
from pathlib import Path

import pytest

from tests.support.postgres import PostgresUnavailableError, find_programs


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run it")
def test_a_folder_that_is_closed_to_its_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a machine made by debootstrap into a closed folder it is the root folder itself."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in ("initdb", "postgres"):
        (closed / name).write_text("#!/bin/sh\n")
        (closed / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(closed))
    with pytest.raises(PostgresUnavailableError, match=r"as the user postgres, who may not; .*chmod a\+x /") as caught:
        find_programs()
    assert str(closed / "initdb") in str(caught.value)
