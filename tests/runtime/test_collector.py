"""What a room has built is not looked at again by the garbage collector."""

import gc
from collections.abc import Iterator

import pytest

from services.runtime import collector


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_there_is_frozen_and_what_comes_is_collected() -> None:
    collector.settle()
    assert gc.get_freeze_count() > 0
    assert gc.isenabled()
    ring: list[object] = []
    ring.append(ring)
    del ring
    assert gc.collect() > 0
