"""The protocol's promises over random histories of two processes on one real ledger; see `machine`."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.dispatch.machine import History, ManyTexts, OneLineage


@pytest.mark.parametrize(("machine", "histories", "steps"), [(OneLineage, 30, 40), (ManyTexts, 50, 25)])
def test_the_promises_hold_over_random_histories(
    tmp_path: Path, machine: type[History], histories: int, steps: int
) -> None:
    machine.open(tmp_path)
    budget = settings(
        max_examples=histories, stateful_step_count=steps, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=budget)
    machine.database.close()
