"""A ledger out of a backup: nothing is sent that may have been sent since, and nothing is forgotten."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from schemas.broadcast import Broadcast
from schemas.words import Channel, Kind, State
from services.dispatch import restored
from tests.dispatch.fakes import BOUNDS
from tests.dispatch.world import ANNA, BEN, MARGIN, World, people

TEN = people(10)


class Backup:
    """A copy of a world's ledger, and the world that goes on with it."""

    def __init__(self, world: World) -> None:
        self.world, self.since = world, world.clock.now()
        self.copy = world.folder / "copy.db"
        with sqlite3.connect(world.path) as source, sqlite3.connect(self.copy) as target:
            source.backup(target)
        target.close()

    def restore(self, *, marked: bool = True) -> None:
        """Kill every process and put the copy in the ledger's place, marked; the first process starts its time."""
        for process in self.world.processes:
            process.store.close()
        self.world.processes.clear()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.world.path}{suffix}").unlink(missing_ok=True)
        self.copy.replace(self.world.path)
        if marked:
            with self.world.one.store.begin() as connection:
                restored.mark(connection, self.since)


@pytest.fixture(params=list(Channel))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.close()


def everyone(world: World) -> list[str]:
    """Who is texted; a public channel's batches are another's."""
    return TEN if world.channel is Channel.SMS else []


async def comes_again(world: World, value: Broadcast, signed: datetime) -> None:
    """Kafka gives a release and its batch, signed at that moment."""
    await world.one.ledger.release(world.believed(value), 1, MARGIN, signed)
    if everyone(world):
        await world.one.ledger.batch(world.batch(value, TEN), MARGIN)


def texts(world: World) -> Counter[str]:
    return Counter(message.text for message in world.platform.messages)


async def go_on(world: World, rounds: int = 6) -> None:
    """Load, and let the quarantine pass as often as it takes."""
    await world.one.ledger.load()
    for _ in range(rounds):
        await world.one.settle()
        world.clock.pass_time(BOUNDS.quarantine + 1)


async def test_what_was_sent_since_the_backup_is_not_sent_again(world: World) -> None:
    await world.release(to=everyone(world))
    backup = Backup(world)
    await world.one.settle()
    before = list(world.platform.messages)
    assert before
    backup.restore()
    await go_on(world)
    assert world.platform.messages == before
    assert set(world.states().values()) == {State.SENT}


async def test_it_can_fail(world: World) -> None:
    """The same copy without the mark: everything that it has forgotten is sent again."""
    await world.release(to=everyone(world))
    backup = Backup(world)
    await world.one.settle()
    before = len(world.platform.messages)
    backup.restore(marked=False)
    await go_on(world)
    assert len(world.platform.messages) == 2 * before


async def test_what_the_ledger_never_knew_and_kafka_brings_again_is_not_sent_again(world: World) -> None:
    backup = Backup(world)
    value = await world.release(to=everyone(world))
    await world.one.settle()
    before = list(world.platform.messages)
    backup.restore()
    world.clock.pass_time(3600)
    await world.one.ledger.load()
    await comes_again(world, value, value.received)
    await go_on(world)
    assert world.platform.messages == before
    assert set(world.states().values()) == {State.SENT}


async def test_what_was_not_sent_is_sent_after_the_quarantine_and_not_before(world: World) -> None:
    await world.release(to=everyone(world))
    Backup(world).restore()
    await world.one.ledger.load()
    await world.one.settle()
    world.clock.pass_time(BOUNDS.quarantine - 1)
    await world.one.settle()
    assert world.platform.messages == []
    await go_on(world)
    assert set(world.states().values()) == {State.SENT}
    assert len(world.platform.messages) == len(world.rows())


async def test_half_of_it(world: World) -> None:
    """Some of it had been sent when everything fell: that is found, the rest is sent, everyone has it once."""
    await world.release(to=everyone(world))
    backup = Backup(world)
    await world.one.window(4)
    await world.one.send()
    some = len(world.platform.messages)
    backup.restore()
    await go_on(world)
    rows = world.rows()
    assert len(world.platform.messages) == len(rows) >= some > 0
    assert {row.state for row in rows} == {State.SENT}


async def test_a_release_signed_after_the_restore_waits_for_nothing(world: World) -> None:
    Backup(world).restore()
    await world.one.ledger.load()
    world.clock.pass_time(restored.SKEW.total_seconds() + 1)
    value = world.broadcast()
    await comes_again(world, value, world.clock.now())
    await world.one.turn()
    assert set(world.states().values()) == {State.SENT}


async def test_a_withdrawal_that_comes_again_is_not_texted_again(tmp_path: Path) -> None:
    world = World(tmp_path, Channel.SMS)
    value = await world.release(to=TEN)
    await world.one.settle()
    backup = Backup(world)
    await world.withdraw(value)
    await world.one.settle()
    before = texts(world)
    backup.restore()
    await world.one.ledger.load()
    await world.withdraw(value)
    await go_on(world)
    assert texts(world) == before
    assert set(world.states().values()) == {State.WITHDRAWN}
    world.close()


async def test_who_got_what_was_taken_back_unknown_to_the_ledger_is_told(tmp_path: Path) -> None:
    """Planned at the backup, sent since, everything fell, and the withdrawal is the first thing that comes."""
    world = World(tmp_path, Channel.SMS)
    value = await world.release(to=[ANNA, BEN])
    backup = Backup(world)
    await world.one.window(1)
    await world.one.send()
    backup.restore()
    await world.one.ledger.load()
    await world.withdraw(value)
    await go_on(world)
    told = {row.target for row in world.rows(kind=Kind.WITHDRAWAL) if row.state == State.SENT}
    had = {row.target for row in world.rows(kind=Kind.ALERT) if row.state == State.WITHDRAWN}
    assert len(told) == 1
    assert told == had
    assert {row.state for row in world.rows(kind=Kind.ALERT)} == {State.WITHDRAWN, State.SUPERSEDED}
    world.close()


async def test_everything_is_reported_as_newer_than_before(tmp_path: Path) -> None:
    world = World(tmp_path, Channel.SMS)
    await world.release(to=TEN)
    await world.one.settle()
    Backup(world).restore()
    await world.one.ledger.load()
    rows = world.rows()
    assert all(row.unreported and row.seq > restored.SEQ_AHEAD for row in rows)
    before = [row.seq for row in rows]
    await world.one.ledger.load()  # the second process, or the same one again
    assert [row.seq for row in world.rows()] == before
    world.close()


async def test_what_kafka_plans_again_is_reported_as_newer_too(tmp_path: Path) -> None:
    """Sent, delivered and tried often since the backup: the board knows higher numbers than a new row begins with."""
    world = World(tmp_path, Channel.SMS)
    backup = Backup(world)
    signed = world.clock.now()
    value = await world.release(to=TEN)
    await world.one.settle()
    backup.restore()
    await world.one.ledger.load()
    await comes_again(world, value, signed)
    await world.one.sweep()
    assert {row.state for row in world.rows()} == {State.UNKNOWN}
    assert all(row.seq > restored.SEQ_AHEAD for row in world.rows())
    world.close()


async def test_it_ends_when_no_record_from_before_can_come_any_more(tmp_path: Path) -> None:
    world = World(tmp_path, Channel.SMS)
    Backup(world).restore()
    await world.one.ledger.load()
    world.clock.pass_time(restored.LASTS.total_seconds() + 1)
    await world.one.sweep()
    await world.release(to=TEN)
    await world.one.turn()
    assert set(world.states().values()) == {State.SENT}
    world.close()
