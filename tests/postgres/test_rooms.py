"""The rooms' own tests once more, with their stores on PostgreSQL."""

import os
import subprocess
import sys

import pytest

from tests.support.code import REPOSITORY
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

#: What each room's store must do, and the tests that look into the SQLite file itself.
RINGS = {
    "intake": ("tests/intake/test_lineage.py", "tests/intake/test_identity.py", "tests/intake/test_realms.py"),
    "compose": ("tests/compose/test_service.py",),
    "approve": ("tests/approve/test_service.py", "tests/approve/test_deadlines.py", "tests/approve/test_closing.py"),
    "audience": ("tests/audience/test_batches.py", "tests/audience/test_belief.py", "tests/audience/test_reach.py"),
    "receipts": ("tests/receipts/test_door.py", "-k", "not stand_nowhere"),
    "record": (
        "tests/record/test_projection.py",
        "tests/record/test_alarms.py",
        "tests/record/test_overdue.py",
        "-k",
        "not alarms_refusals and not thousands_of_rows and not not_read_for_it",
    ),
}


@pytest.mark.parametrize("room", RINGS)
def test_a_room_keeps_its_promises_on_postgres(postgres: Postgres, room: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.on_postgres", "-m", "not connected"]
    result = subprocess.run(
        [*command, *RINGS[room]], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=280,
        env={**os.environ, "TOCSIN_TEST_POSTGRES": postgres.url()},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-4000:]
    assert " passed" in result.stdout
