"""A world for each test, closed at its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.words import Channel
from tests.dispatch.world import World


@pytest.fixture
def sms(tmp_path: Path) -> Iterator[World]:
    """The texting channel's ledger, where a verb with `--data tmp_path` looks for it."""
    yield from _world(tmp_path, Channel.SMS)


@pytest.fixture
def x(tmp_path: Path) -> Iterator[World]:
    """The public channel's."""
    yield from _world(tmp_path, Channel.X)


def _world(folder: Path, channel: Channel) -> Iterator[World]:
    (folder / "live").mkdir()
    world = World(folder / "live", channel)
    world.path = folder / "live" / f"dispatch-{channel}.db"
    yield world
    world.close()
