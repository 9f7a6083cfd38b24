"""A world for each test, closed at its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.words import Channel
from tests.dispatch.world import World


@pytest.fixture
def sms(tmp_path: Path) -> Iterator[World]:
    """The texting channel."""
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def x(tmp_path: Path) -> Iterator[World]:
    """The public channel."""
    world = World(tmp_path, Channel.X)
    yield world
    world.close()
