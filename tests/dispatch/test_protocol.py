"""The protocol's promises over random histories of two processes on one real ledger; see `machine`.

On SQLite, and on PostgreSQL, where one process also acts in the middle of the other's transactions. `--long` searches
many times longer. That these histories find what is missing: `test_mutations`.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.dispatch.databases import Database
from tests.dispatch.machine import History, ManyTexts, OneLineage, SharedLineage
from tests.support.postgres import Postgres

LONGER = 20


def _search(machine: type[History], database: Database, size: tuple[int, int], *, long: bool) -> None:
    """`size` is histories and steps of each."""
    histories, steps = size
    budget = settings(
        max_examples=histories * (LONGER if long else 1), stateful_step_count=steps, deadline=None, database=None,
        derandomize=True, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        run_state_machine_as_test(machine.open(database), settings=budget)
    finally:
        database.close()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("machine", "size"), [(OneLineage, (30, 40)), (ManyTexts, (50, 25))])
def test_the_promises_hold_over_random_histories(
    tmp_path: Path, long: bool, machine: type[History], size: tuple[int, int]
) -> None:
    """On SQLite."""
    _search(machine, Database(tmp_path), size, long=long)


@pytest.mark.connected
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("machine", "size"), [(SharedLineage, (6, 30)), (ManyTexts, (4, 20))])
def test_the_promises_hold_on_a_shared_ledger(
    postgres: Postgres, tmp_path: Path, long: bool, machine: type[History], size: tuple[int, int]
) -> None:
    """On PostgreSQL."""
    _search(machine, Database(tmp_path, postgres.url(f"t_{machine.__name__}".lower())), size, long=long)
