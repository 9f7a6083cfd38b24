"""The pump as it runs: W holds, a failed commit keeps what is known, a stall starts nothing, few hold up few."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.words import Reason, State
from services.dispatch.gate import ACCOUNT_S
from services.dispatch.pump import Pump
from services.dispatch.rate import Rate
from tests.dispatch.world import ANNA, BEN, World, people


class Slow:
    """What happens between a ledger and its disk, as ordered: a failing commit, an ambiguous one, a gate to wait at."""

    def __init__(self, window: Callable[..., Any]) -> None:
        self._window = window
        self.fail_before = self.fail_after = 0
        self.stall: Callable[[], None] | None = None
        self.gate: asyncio.Event | None = None
        self.latency = 0.0
        self.calls = 0

    async def __call__(self, finished: Any, slots: int) -> Any:
        self.calls += 1
        if self.fail_before:
            self.fail_before -= 1
            raise sa.exc.OperationalError("commit", None, Exception("disk"))
        await asyncio.sleep(self.latency)
        found = await self._window(finished, slots)
        if self.gate:
            await self.gate.wait()
        if self.stall:
            self.stall()
        if self.fail_after:
            self.fail_after -= 1
            raise sa.exc.OperationalError("commit", None, Exception("connection lost"))
        return found


def make(world: World, window: int, per_s: float = 0) -> tuple[Pump, Slow]:
    process = world.one
    slow = Slow(process.ledger.window)
    process.ledger.window = slow  # type: ignore[method-assign]  # the test stands between pump and ledger
    pump = Pump(
        ledger=process.ledger, channel=world.platform, rate=Rate(world.clock, per_s, window), clock=world.clock,
        window=window, on_effects=process.metrics.take, alarms=process.alarms,
    )  # fmt: skip
    return pump, slow


@asynccontextmanager
async def pumping(pump: Pump) -> AsyncIterator["asyncio.Task[None]"]:
    running = asyncio.create_task(pump.run())
    try:
        yield running
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def until(question: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not question():  # noqa: ASYNC110 - the answer is in the ledger's file, which wakes nobody
            await asyncio.sleep(0.001)


def open_rows(world: World) -> int:
    """Rows between an intent and a committed outcome."""
    return list(world.states().values()).count(State.SENDING)


async def test_everything_is_sent_once(sms: World) -> None:
    await sms.release(to=people(100))
    pump, _ = make(sms, 8)
    async with pumping(pump):
        await until(lambda: set(sms.states().values()) == {State.SENT})
    assert set(sms.platform.counts().values()) == {1}
    assert sms.platform.most_in_flight <= 8


async def test_new_work_starts_when_the_pump_is_woken(sms: World) -> None:
    pump, _ = make(sms, 8)
    async with pumping(pump):
        await sms.release(to=[ANNA])
        pump.wake()
        await until(lambda: len(sms.platform.messages) == 1, 0.5)


async def test_never_more_than_w_rows_are_open_finished_and_uncommitted_ones_counted(sms: World) -> None:
    """Requests finish while a commit is under way: what is finished and not committed still counts."""
    await sms.release(to=people(60))
    pump, slow = make(sms, 8)
    slow.latency = 0.01
    seen: list[int] = []
    slow.stall = lambda: seen.append(open_rows(sms))
    async with pumping(pump):
        await until(lambda: set(sms.states().values()) == {State.SENT})
    assert max(seen) == 8


async def test_hanging_requests_hold_their_own_slots_and_no_more(sms: World) -> None:
    await sms.release(to=people(50))
    pump, _ = make(sms, 8)
    sms.platform.moods.extend(["hang"] * 6)
    async with pumping(pump):
        await until(lambda: list(sms.states().values()).count(State.SENT) == 44)
        assert (open_rows(sms), len(pump.flying)) == (6, 6)
        for event in sms.platform.hanging:
            event.set()
        await until(lambda: set(sms.states().values()) == {State.SENT})
    assert sms.platform.most_in_flight <= 8


async def test_a_failed_commit_keeps_the_outcomes_and_opens_nothing(sms: World) -> None:
    await sms.release(to=[ANNA])
    pump, slow = make(sms, 4)
    sms.platform.moods.append("hang")
    async with pumping(pump):
        await until(lambda: bool(sms.platform.hanging))
        await sms.one.ledger.batch(sms.batch(sms.broadcast(), [BEN], number=2, of=2), 10)
        slow.fail_before = 3
        sms.platform.hanging[0].set()
        pump.wake()
        await until(lambda: slow.fail_before <= 1)
        assert sms.row(ANNA).state == State.SENDING
        assert sms.row(BEN).state == State.PLANNED
        assert sms.row(ANNA).id in pump.flying
        await until(lambda: sms.row(ANNA).state == State.SENT)
        await until(lambda: sms.row(BEN).state == State.SENT)
    assert set(sms.platform.counts().values()) == {1}


async def test_after_an_ambiguous_commit_nothing_of_it_is_sent(sms: World) -> None:
    """It committed, but nobody knows: its rows are in doubt, and recovery's."""
    await sms.release(to=people(4))
    pump, slow = make(sms, 4)
    slow.fail_after = 1
    async with pumping(pump):
        await until(lambda: slow.calls >= 2)
        await asyncio.sleep(0.05)
    assert sms.platform.messages == []
    assert set(sms.states().values()) == {State.SENDING}
    process = sms.one.crash()
    await process.sweep()
    sms.clock.pass_time(121)
    await process.settle()
    assert set(sms.platform.counts().values()) == {1}
    assert len(sms.platform.messages) == 4


async def test_a_stall_between_commit_and_first_byte_starts_nothing(sms: World) -> None:
    """The clock was read before the transaction, so a stall after its commit is seen."""
    await sms.release(to=[ANNA])
    pump, slow = make(sms, 4)
    slow.stall = lambda: sms.clock.pass_time(sms.platform.bounds.fresh + 1)
    async with pumping(pump):
        await until(lambda: sms.row().attempt >= 3)
        assert sms.platform.messages == []
        slow.stall = None
        await until(lambda: sms.row().state == State.SENT)
    assert len(sms.platform.messages) == 1


async def test_nothing_starts_while_the_account_is_refused(sms: World) -> None:
    """What is in flight when a token ends is refused; what is planned is not thrown after it."""
    await sms.release(to=people(20))
    pump, _ = make(sms, 4)
    sms.platform.moods.extend(["unauthorized"] * 4)
    async with pumping(pump):
        await until(lambda: [row.reason for row in sms.rows()].count(Reason.AUTH) == 4)
        assert len(sms.platform.started) == 4
        assert set(sms.states().values()) == {State.PLANNED}
        sms.clock.pass_time(ACCOUNT_S)
        pump.wake()
        await until(lambda: set(sms.states().values()) == {State.SENT})
    assert set(sms.platform.counts().values()) == {1}


async def test_a_channel_that_raises_has_said_nothing(sms: World) -> None:
    await sms.release(to=[ANNA])
    pump, _ = make(sms, 4)
    sms.platform.moods.append("raise")
    async with pumping(pump):
        await until(lambda: sms.row().state == State.UNKNOWN)


async def test_who_has_no_number_is_not_written_to(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    sms.platform.gone = {ANNA}
    pump, _ = make(sms, 4)
    async with pumping(pump):
        await until(lambda: not {State.PLANNED, State.SENDING} & set(sms.states().values()))
    assert (sms.row(ANNA).state, sms.row(ANNA).reason) == (State.SUPPRESSED, Reason.OPTED_OUT)
    assert sms.row(BEN).state == State.SENT


async def test_when_numbers_cannot_be_read_everything_goes_back(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    sms.platform.addresses_fail = True
    pump, _ = make(sms, 4)
    async with pumping(pump):
        await until(lambda: set(sms.states().values()) == {State.PLANNED} and sms.row(ANNA).attempt == 1)
        sms.platform.addresses_fail = False
        sms.clock.pass_time(2)
        pump.wake()
        await until(lambda: set(sms.states().values()) == {State.SENT})


async def test_a_refusal_for_rate_closes_the_gate_for_all(sms: World) -> None:
    await sms.release(to=people(20))
    pump, _ = make(sms, 4)
    sms.platform.moods.extend(["rate:30"] * 4)
    async with pumping(pump):
        await until(lambda: len(sms.platform.started) == 4 and not open_rows(sms))
        await asyncio.sleep(0.05)
        assert len(sms.platform.started) == 4
        sms.clock.pass_time(31)
        pump.wake()
        await until(lambda: set(sms.states().values()) == {State.SENT})


async def test_an_alarm_that_cannot_be_written_is_raised_later_and_stops_nothing(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    pump, _ = make(sms, 1)
    taken, fails = sms.one.alarms.take, 1

    async def take(effects: Any) -> None:
        nonlocal fails
        if effects.duplicates and fails:
            fails -= 1
            raise sa.exc.OperationalError("insert", None, Exception("disk"))
        await taken(effects)

    sms.one.alarms.take = take  # type: ignore[method-assign]  # the test stands in the way
    await sms.receipts(sms.receipt(sms.row(ANNA).id, "sent", "R1"))
    given = sms.platform.publish

    async def publish(job: Any, address: str, permit: Any) -> Any:
        await sms.one.ledger.receipts([sms.receipt(job.id, "sent", "twin")], {})
        return await given(job, address, permit)

    sms.platform.publish = publish  # type: ignore[method-assign]  # a report that overtakes the answer
    async with pumping(pump):
        await until(lambda: sms.alarms() == ["duplicate"])
        await until(lambda: set(sms.states().values()) == {State.SENT})


# --- stopping ---


async def test_at_stop_what_flies_is_waited_for_and_committed(sms: World) -> None:
    await sms.release(to=people(3))
    pump, _ = make(sms, 4)
    sms.platform.moods.append("hang")
    running = asyncio.create_task(pump.run())
    await until(lambda: bool(sms.platform.hanging) and len(sms.platform.messages) == 2)
    running.cancel()
    await asyncio.sleep(0.01)
    sms.platform.hanging[0].set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert set(sms.states().values()) == {State.SENT}


@pytest.mark.parametrize("when", ["commit", "addresses"])
async def test_a_stop_in_the_middle_of_a_turn_leaves_nothing_in_doubt(sms: World, when: str) -> None:
    await sms.release(to=people(3))
    pump, slow = make(sms, 4)
    gate = asyncio.Event()
    if when == "commit":
        slow.gate = gate
    else:
        given = sms.platform.addresses

        async def addresses(targets: Any, *, reading: bool = False) -> dict[str, str]:
            await gate.wait()
            return await given(targets, reading=reading)

        sms.platform.addresses = addresses  # type: ignore[method-assign]  # the test stands in the way
    running = asyncio.create_task(pump.run())
    await until(lambda: open_rows(sms) == 3)
    running.cancel()
    await asyncio.sleep(0.01)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not {State.SENDING, State.UNKNOWN} & set(sms.states().values())


async def test_what_still_hangs_at_the_end_of_a_stop_is_doubt(sms: World) -> None:
    await sms.release(to=[ANNA])
    sms.platform.bounds = type(sms.platform.bounds)(10, 5, 0.05, 30, 30, 120)
    pump, _ = make(sms, 4)
    sms.platform.moods.append("hang")
    running = asyncio.create_task(pump.run())
    await until(lambda: bool(sms.platform.hanging))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sms.row().state == State.SENDING


# --- pace ---


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing else can run."""

    seconds = 0.0

    def time(self) -> float:
        return self.seconds

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]  # asyncio's own queues
        if not ready and scheduled:
            self.seconds = max(self.seconds, scheduled[0].when())
        super()._run_once()  # type: ignore[misc]  # not in the stubs


async def pace(world: World, number: int, *, hanging: bool) -> float:
    """Texts a simulated second with W = 32, answers of 50 to 100 ms, and if so one in a hundred hanging for R."""
    dice = random.Random(7)  # noqa: S311 - a test's dice
    store, given = world.one.store, world.platform.publish

    async def transact(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        await asyncio.sleep(0.003)  # a commit on a good disk
        with store.begin() as connection:
            return work(connection, *args, **named)

    async def publish(job: Any, address: str, permit: Any) -> Any:
        hangs = hanging and dice.random() < 0.01
        await asyncio.sleep(world.platform.bounds.answer if hangs else dice.uniform(0.05, 0.1))
        return await given(job, address, permit)

    store.transact = transact  # type: ignore[method-assign]  # in simulated time nothing runs in a thread
    world.platform.publish = publish  # type: ignore[method-assign]  # the same platform, answering later
    value = await world.release(reach=10_000)
    everyone = people(number * 2)
    for start in range(0, len(everyone), 500):
        batch = world.batch(value, everyone[start : start + 500], number=start // 500 + 1, of=len(everyone) // 500)
        await world.one.ledger.batch(batch, 10)
    pump, _ = make(world, 32)
    began = asyncio.get_running_loop().time()
    async with pumping(pump):
        await until(lambda: len(world.platform.messages) >= number, 600)
        return number / (asyncio.get_running_loop().time() - began)


def test_one_in_a_hundred_hanging_leaves_a_third_of_the_pace(tmp_path: Path) -> None:
    paces = []
    for hanging in (False, True):
        folder = tmp_path / str(hanging)
        folder.mkdir()
        world = World(folder)
        with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
            paces.append(runner.run(pace(world, 1500, hanging=hanging)))
        assert world.platform.most_in_flight <= 32
        world.close()
    healthy, with_hanging = paces
    assert healthy > 32 / 0.1 * 0.8
    assert with_hanging >= healthy / 3
