"""A world for each test, closed at its end; on SQLite, and again on PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.words import Channel
from tests.dispatch.shared import SharedWorld
from tests.dispatch.world import World
from tests.support.postgres import Postgres

LEDGERS = ["sqlite", pytest.param("postgres", marks=pytest.mark.connected)]


def _world(request: pytest.FixtureRequest, folder: Path, channel: Channel) -> World:
    if request.param == "sqlite":
        return World(folder, channel)
    server: Postgres = request.getfixturevalue("postgres")
    return SharedWorld(folder, channel, url=server.url(f"t_{uuid.uuid4().hex}"))


@pytest.fixture(params=LEDGERS)
def sms(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The texting channel."""
    world = _world(request, tmp_path, Channel.SMS)
    yield world
    world.close()


@pytest.fixture(params=LEDGERS)
def x(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The public channel."""
    world = _world(request, tmp_path, Channel.X)
    yield world
    world.close()
