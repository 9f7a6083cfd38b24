"""The outbox of a process that has its store to itself: published once, in order, and deleted when it is quiet."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.topics import ALARMS
from schemas.words import Realm
from services.runtime import outbox
from services.runtime.clock import SystemClock
from services.runtime.outbox import MANY, Message, Outbox
from services.runtime.store import Store, sqlite_url

METADATA = sa.MetaData()
OUTBOX = outbox.table(METADATA)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(sqlite_url(tmp_path / "room.db"), METADATA)
    yield made
    made.close()


class Broker:
    """What was published; `refused` is a value that it does not take."""

    def __init__(self) -> None:
        self.values: list[bytes | None] = []
        self.refused: bytes | None = None

    async def __call__(self, message: Message) -> None:
        if message.value == self.refused:
            raise TimeoutError
        self.values.append(message.value)


def box_of(store: Store) -> Outbox:
    return Outbox(store, OUTBOX, SystemClock(), Realm.LIVE)


async def put(store: Store, box: Outbox, *values: str, key: str = "one") -> None:
    def write(connection: sa.Connection) -> None:
        for value in values:
            box.put(connection, ALARMS, key, value.encode())

    await store.transact(write)
    box.wake()


def rows(store: Store) -> list[bytes]:
    with store.begin() as connection:
        return list(connection.execute(sa.select(OUTBOX.c.value).order_by(OUTBOX.c.id)).scalars())


async def test_what_is_published_is_not_published_again_while_it_still_stands(store: Store) -> None:
    box, broker = box_of(store), Broker()
    await put(store, box, "1", "2")
    assert await box.relay_once(broker) == 2
    assert rows(store) == [b"1", b"2"]
    assert await box.oldest() is None
    await put(store, box, "3")
    assert await box.relay_once(broker) == 1
    assert broker.values == [b"1", b"2", b"3"]


async def test_a_process_killed_before_it_deletes_publishes_again(store: Store) -> None:
    box, broker = box_of(store), Broker()
    await put(store, box, "1", "2")
    await box.relay_once(broker)
    assert await box_of(store).relay_once(broker) == 2
    assert broker.values == [b"1", b"2", b"1", b"2"]


async def test_a_backlog_is_deleted_as_it_goes(store: Store) -> None:
    box, broker = box_of(store), Broker()
    await put(store, box, *(str(number) for number in range(MANY)))
    await box.relay_once(broker)
    assert rows(store) == []


async def test_it_deletes_when_it_is_quiet(store: Store) -> None:
    box, broker = box_of(store), Broker()
    await put(store, box, "1")
    relay = asyncio.create_task(box.relay(broker))
    async with asyncio.timeout(20):
        while rows(store):  # noqa: ASYNC110 - the relay has no event for this
            await asyncio.sleep(0.02)
    assert broker.values == [b"1"]
    relay.cancel()


async def test_it_deletes_when_it_is_stopped(store: Store) -> None:
    box, broker = box_of(store), Broker()
    await put(store, box, "1")
    relay = asyncio.create_task(box.relay(broker))
    async with asyncio.timeout(20):
        while await box.oldest():
            pass
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)
    assert rows(store) == []


async def test_a_failed_publish_leaves_its_row_and_what_follows_it(store: Store) -> None:
    box, broker = box_of(store), Broker()
    await put(store, box, "0", "1", "2")
    await put(store, box, "3", key="two")
    broker.refused = b"1"
    with pytest.raises(TimeoutError):
        await box.relay_once(broker)
    assert sorted(broker.values, key=str) == [b"0", b"3"]
    broker.refused = None
    assert await box.relay_once(broker) == 2
    assert broker.values[2:] == [b"1", b"2"]
