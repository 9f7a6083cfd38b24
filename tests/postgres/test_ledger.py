"""What only several processes can get wrong: each step of one dispatcher between two steps of another.

Where one transaction has to stand in the middle of another, the first is held open here and the second runs in a
thread of its own; that it waits, or passes over, is what is asked.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.words import Channel, Kind, State
from services.dispatch import gate, planner, reporting, settling
from services.dispatch.evidence import Effects, Evidence, accept
from services.dispatch.ledger import OWED
from services.dispatch.port import LookUp, Sent
from services.dispatch.recovery import Attempt
from services.dispatch.tables import batch, delivery, mark
from services.runtime.postgres import take_turns
from tests.dispatch.shared import SharedWorld
from tests.dispatch.world import ANNA, BEN, MARGIN, Process, people
from tests.support.postgres import Postgres

pytestmark = pytest.mark.connected

SOON_S = 0.3


@pytest.fixture
def world(postgres: Postgres, tmp_path: Path) -> Iterator[SharedWorld]:
    made = SharedWorld(tmp_path, Channel.SMS, url=postgres.url(f"t_{uuid.uuid4().hex}"))
    yield made
    made.close()


@pytest.fixture
def pair(world: SharedWorld) -> tuple[Process, Process]:
    return world.process(), world.process()


async def _waits(task: "asyncio.Task[Any]") -> bool:
    """Whether a transaction is held up by another one."""
    done, _ = await asyncio.wait([task], timeout=SOON_S)
    return not done


async def test_windows_opened_at_once_share_no_row(world: SharedWorld, pair: tuple[Process, Process]) -> None:
    await world.release(to=people(200))
    opened: list[str] = []
    for _ in range(4):
        for jobs in await asyncio.gather(*(process.window(32) for process in pair)):
            opened += [job.id for job in jobs]
            assert len(jobs) <= 32
    assert len(opened) == len(set(opened)) == 200
    assert {row.attempt for row in world.rows()} == {1}


async def test_a_withdrawal_waits_for_a_window_that_is_being_opened(
    world: SharedWorld, pair: tuple[Process, Process]
) -> None:
    """So that whoever has its mark on disk knows of every intent before it."""
    value = await world.release(to=[ANNA, BEN])
    with pair[0].store.begin() as window:
        assert len(gate.open_intents(window, Channel.SMS, 1, world.clock.now())) == 1
        withdrawing = asyncio.create_task(world.withdraw(value, by=pair[1]))
        assert await _waits(withdrawing)
    await withdrawing
    assert Counter(row.state for row in world.rows(kind=Kind.ALERT)) == {State.SENDING: 1, State.SUPERSEDED: 1}


async def test_a_window_passes_over_a_lineage_that_is_being_withdrawn(
    world: SharedWorld, pair: tuple[Process, Process]
) -> None:
    value = await world.release(to=[ANNA])
    await world.release(lineage="e" * 32, to=[BEN])
    with pair[0].store.begin() as withdrawal:
        believed = world.believed(value, reach=None)
        planner.raise_mark(withdrawal, value, 10**9, Kind.WITHDRAWAL, believed.digest, world.clock.now())
        async with asyncio.timeout(5):
            assert [job.target for job in await pair[1].window()] == [BEN]
    assert world.row(ANNA).state == State.SUPERSEDED


async def test_what_is_planned_again_beside_a_withdrawal_does_not_start(
    world: SharedWorld, pair: tuple[Process, Process]
) -> None:
    """The withdrawal has superseded what was planned then, and its mark is not on disk yet: only the lock tells."""
    value = await world.release(to=[ANNA])
    (job,) = await pair[1].window()
    with pair[0].store.begin() as withdrawal:
        digest = world.believed(value).digest
        planner.raise_mark(withdrawal, value, job.ordinal + 1, Kind.WITHDRAWAL, digest, world.clock.now())
        await pair[1].ledger.recovered({Attempt(job.id, job.attempt): LookUp(complete=True)}, ())
        assert world.row(ANNA).state == State.PLANNED
        assert await pair[1].window() == []
    assert await pair[1].window() == []
    await pair[1].ledger.expire()
    assert world.row(ANNA).state == State.SUPERSEDED


@pytest.mark.parametrize("first", ["release", "batch"])
async def test_a_batch_and_its_release_at_once_lose_nobody(
    world: SharedWorld, pair: tuple[Process, Process], first: str
) -> None:
    """Neither may miss the other: a batch waits for its release, and the release plans what has waited."""
    value = world.broadcast()
    statement, believed = world.batch(value, people(3)), world.believed(value)
    one, two = pair
    with one.store.begin() as begun:
        if first == "release":
            planner.plan_release(begun, world.plan, believed, 1, MARGIN, world.clock.now())
            other: asyncio.Task[Any] = asyncio.create_task(two.ledger.batch(statement, MARGIN))
        else:
            planner.plan_batch(begun, world.plan, statement, MARGIN, world.clock.now())
            other = asyncio.create_task(two.ledger.release(believed, 1, MARGIN))
        assert await _waits(other)
    await other
    assert [row.target for row in world.rows()] == people(3)
    assert world.query(sa.select(batch.c.subscribers))[0].subscribers is None


@pytest.mark.parametrize("first", ["revocation", "release"])
async def test_a_revocation_and_another_signers_release_at_once_lose_nobody(
    world: SharedWorld, pair: tuple[Process, Process], first: str
) -> None:
    """Neither may miss the other: else what was stopped for the old key stays so, though the new one has signed."""
    value = await world.release(to=[ANNA], keys=("stolen",))
    anew, one, two = world.believed(value, keys=("new",)), *pair
    with one.store.begin() as begun:
        if first == "release":
            planner.plan_release(begun, world.plan, anew, 1, MARGIN, world.clock.now())
            other: asyncio.Task[Any] = asyncio.create_task(two.ledger.revoke(frozenset({"stolen"})))
        else:
            assert settling.revoke(begun, frozenset({"stolen"}), world.clock.now()) == 1
            other = asyncio.create_task(two.ledger.release(anew, 1, MARGIN))
        assert await _waits(other)
    await other
    assert world.row().state == State.PLANNED


async def test_batches_of_one_release_are_planned_side_by_side(
    world: SharedWorld, pair: tuple[Process, Process]
) -> None:
    value = await world.release(by=pair[0])
    with pair[0].store.begin() as begun:
        planner.plan_batch(begun, world.plan, world.batch(value, [ANNA], of=2), MARGIN, world.clock.now())
        async with asyncio.timeout(5):
            await pair[1].ledger.batch(world.batch(value, [BEN], number=2, of=2), MARGIN)
    assert [row.target for row in world.rows()] == [ANNA, BEN]


async def test_one_record_planned_by_two_at_a_rebalance_is_planned_once(
    world: SharedWorld, pair: tuple[Process, Process]
) -> None:
    value = world.broadcast()
    statement, believed = world.batch(value, people(100)), world.believed(value)
    await asyncio.gather(*(process.ledger.release(believed, 1, MARGIN) for process in pair))
    await asyncio.gather(*(process.ledger.batch(statement, MARGIN) for process in pair))
    assert [row.target for row in world.rows()] == people(100)
    assert len(world.query(sa.select(mark))) == 1


async def test_only_one_of_two_digests_of_a_version_is_released(
    world: SharedWorld, pair: tuple[Process, Process]
) -> None:
    values = [world.broadcast(), world.broadcast(tag="another")]
    results = await asyncio.gather(
        *(
            process.ledger.release(world.believed(value), 1, MARGIN)
            for process, value in zip(pair, values, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["SecondDigestError", "int"]


async def test_an_answer_that_comes_with_its_receipt_does_not_undo_it(
    world: SharedWorld, pair: tuple[Process, Process]
) -> None:
    """The receipt is applied by one process while the other commits the answer: `delivered` stays."""
    await world.release(to=[ANNA])
    (job,) = await pair[0].window()
    with pair[1].store.begin() as receipt:
        accept(receipt, [Evidence(job.id, "R1")], "receipt", world.clock.now(), Effects())
        receipt.execute(sa.update(delivery).where(delivery.c.id == job.id).values(state=State.DELIVERED))
        answer = asyncio.create_task(pair[0].ledger.evidence([Evidence(job.id, "R1")], "answer"))
        assert await _waits(answer)
    await answer
    assert world.row().state == State.DELIVERED
    assert world.ids(job.id) == {"R1"}


async def test_two_sweeps_at_once_owe_each_take_back_once(world: SharedWorld, pair: tuple[Process, Process]) -> None:
    value = await world.release(to=people(50))
    for _ in range(4):
        await pair[0].turn()
    await world.withdraw(value, by=pair[1])
    for _ in range(3):
        await asyncio.gather(*(process.sweep() for process in pair))
        await asyncio.gather(*(process.turn() for process in pair))
    assert [row.target for row in world.rows(kind=Kind.WITHDRAWAL)] == people(50)
    assert set(world.states(Kind.WITHDRAWAL).values()) == {State.SENT}
    assert set(world.states(Kind.ALERT).values()) == {State.WITHDRAWN}


async def test_who_derives_debts_waits_for_who_does(world: SharedWorld, pair: tuple[Process, Process]) -> None:
    """Else one that read `owed` before the other's take-back was sent would owe another one."""
    value = await world.release(to=[ANNA])
    await pair[0].turn()
    await world.withdraw(value, by=pair[0])
    with pair[0].store.begin() as owing:
        take_turns(owing, OWED)
        other = asyncio.create_task(pair[1].ledger.owe(0))
        assert await _waits(other)
    assert (await other).planned == 1


async def test_one_message_is_claimed_for_one_delivery(world: SharedWorld, pair: tuple[Process, Process]) -> None:
    """Two deliveries that read alike, one message on the platform, two observers."""
    await world.release(to=[ANNA, BEN])
    jobs = await pair[0].window()
    look = LookUp(complete=True, found=(Sent("R1", world.clock.now()),))
    await asyncio.gather(
        *(
            process.ledger.recovered({Attempt(job.id, job.attempt): look}, ())
            for process, job in zip(pair, jobs, strict=True)
        )
    )
    assert Counter(row.state for row in world.rows()) == {State.SENT: 1, State.PLANNED: 1}


async def test_a_change_while_it_is_reported_is_reported_too(world: SharedWorld, pair: tuple[Process, Process]) -> None:
    await world.release(to=[ANNA])
    world.clock.pass_time(reporting.PASSING.total_seconds())
    now = world.clock.now()
    with pair[0].store.begin() as reporter:
        assert reporting.report(reporter, pair[0].ledger.outbox, Channel.SMS, pair[0].ledger._realm, now) == 1
        async with asyncio.timeout(5):
            assert await pair[1].window() == []
    (job,) = await pair[1].window()
    assert world.row().unreported
    assert await pair[0].ledger.report() == 0, "in flight: what has just begun has most often ended by the next look"
    world.clock.pass_time(reporting.PASSING.total_seconds())
    assert await pair[0].ledger.report() == 1
    assert not world.row().unreported
    assert job.attempt == 1


async def test_two_reporters_write_each_row_once(world: SharedWorld, pair: tuple[Process, Process]) -> None:
    await world.release(to=people(30))
    world.clock.pass_time(reporting.PASSING.total_seconds())
    assert sum(await asyncio.gather(*(process.ledger.report() for process in pair))) == 30


async def test_the_other_settles_what_a_dead_one_left(world: SharedWorld, pair: tuple[Process, Process]) -> None:
    await world.release(to=people(5))
    await pair[0].window()
    await pair[0].send(*[job for job, _ in list(pair[0].flying.values())][:3])
    pair[0].store.close()
    for _ in range(2):
        await pair[1].sweep()
        world.clock.pass_time(world.platform.bounds.quarantine + 1)
    await pair[1].settle()
    assert set(world.states().values()) == {State.SENT}
