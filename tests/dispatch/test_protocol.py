"""The protocol's promises over random histories of two processes on one real ledger; see `machine`."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.dispatch.machine import Dispatchers

HISTORIES = settings(
    max_examples=80, stateful_step_count=40, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def ledger() -> Iterator[None]:
    """The database that all histories share."""
    Dispatchers.setup_class()
    yield
    Dispatchers.teardown_class()


def test_the_promises_hold_over_random_histories(ledger: None) -> None:
    run_state_machine_as_test(Dispatchers, settings=HISTORIES)
