"""Audience's turn on PostgreSQL: one process at a time, also when one of them stands still and then goes on."""

import asyncio
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from services.audience.tables import metadata
from services.audience.turn import Turn, TurnLostError
from services.runtime.store import Store, is_away
from tests.support.postgres import Postgres

pytestmark = pytest.mark.connected


@pytest.fixture
def stores(postgres: Postgres) -> Iterator[list[Store]]:
    url = postgres.url(f"t_{uuid.uuid4().hex}")
    made = [Store(url, metadata), Store(url, metadata), Store(postgres.url(f"t_{uuid.uuid4().hex}"), metadata)]
    yield made
    for store in made:
        store.close()


def test_one_process_works_at_a_time(stores: list[Store]) -> None:
    first, second, another_realm = map(Turn, stores)
    assert first.mine()
    assert first.mine()
    assert not second.mine()
    assert another_realm.mine()
    first.close()
    assert second.mine()
    second.close()
    another_realm.close()


async def test_who_is_frozen_loses_the_turn_and_may_not_write(stores: list[Store]) -> None:
    frozen, other = Turn(stores[0], silence_s=0.3), Turn(stores[1])
    assert frozen.mine()
    with stores[0].begin() as connection:
        frozen.must_hold(connection)
        with pytest.raises(TurnLostError):
            other.must_hold(connection)
    async with asyncio.timeout(10):
        while not other.mine():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.05)
    with stores[0].begin() as connection, pytest.raises(TurnLostError):
        frozen.must_hold(connection)
    with pytest.raises(sa.exc.DBAPIError) as found:
        frozen.mine()
    assert is_away(found.value)
    assert not frozen.mine()
    other.close()
    assert frozen.mine()
    frozen.close()
