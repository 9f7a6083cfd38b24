"""The comparison comes by itself: once a day, by one of those who share the ledger, and again after a failure."""

from datetime import timedelta

import pytest

from schemas.words import State
from services.dispatch import compare
from services.dispatch.compare import Comparison
from services.dispatch.nightly import AGAIN, Nightly, _take
from tests.dispatch.test_compare import comparer
from tests.dispatch.world import ANNA, BEN, Process, World, people

DAY = timedelta(days=1)


def nightly(process: Process) -> Nightly:
    return Nightly(process.store, comparer(process), process.metrics, process.world.clock, DAY)


def shown(process: Process) -> tuple[float, float]:
    """When it was last compared, and the messages that are nobody's."""
    metrics = process.metrics
    return metrics.compared._value.get(), metrics.strangers_listed._value.get()


async def test_once_a_day_and_first_a_day_after_the_ledger_was_made(sms: World) -> None:
    began = sms.clock.now()
    mine = nightly(sms.one)
    assert await mine.look() is None
    await sms.release(to=[ANNA, BEN])
    await sms.one.turn()
    sms.platform.accept("+another", "Not ours")
    sms.clock.pass_time(DAY.total_seconds() - 1)
    assert await mine.look() is None
    assert shown(sms.one) == (began.timestamp(), 0)
    sms.clock.pass_time(1)
    assert await mine.look() == Comparison(listed=3, known=2, duplicates=0, strangers=1, ended=0)
    assert shown(sms.one) == ((began + DAY).timestamp(), 1)
    assert await mine.look() is None


async def test_neither_a_restart_nor_a_second_process_makes_it_twice_or_never(sms: World) -> None:
    assert await nightly(sms.one).look() is None
    other = sms.process()
    sms.clock.pass_time(DAY.total_seconds() * 3)
    assert await nightly(sms.one.crash()).look() is not None
    assert await nightly(other).look() is None
    assert shown(other) == (sms.clock.now().timestamp(), 0)
    sms.clock.pass_time(DAY.total_seconds())
    assert await nightly(other).look() is not None


async def test_a_process_that_ends_while_it_compares_leaves_it_to_the_next_hour(sms: World) -> None:
    await nightly(sms.one).look()
    sms.clock.pass_time(DAY.total_seconds())
    assert await sms.one.store.transact(_take, sms.clock.now(), DAY)  # and then it was killed
    other = nightly(sms.one.crash())
    assert await other.look() is None
    sms.clock.pass_time(AGAIN.total_seconds())
    assert await other.look() is not None
    assert await other.look() is None


async def test_a_clock_that_was_days_ahead_does_not_put_it_off_for_days(sms: World) -> None:
    mine = nightly(sms.one)
    sms.clock.step_wall(DAY.total_seconds() * 30)
    assert await mine.look() is None
    sms.clock.step_wall(-DAY.total_seconds() * 30)
    assert await mine.look() is not None
    assert await mine.look() is None


async def test_a_list_that_cannot_be_read_is_tried_again_within_the_day(sms: World) -> None:
    began = sms.clock.now()
    mine = nightly(sms.one)
    await mine.look()
    sms.platform.look_up_fails = True
    sms.clock.pass_time(DAY.total_seconds())
    assert await mine.look() is None
    assert shown(sms.one) == (began.timestamp(), 0)
    sms.platform.look_up_fails = False
    sms.clock.pass_time(AGAIN.total_seconds() - 1)
    assert await mine.look() is None
    sms.clock.pass_time(1)
    assert await mine.look() is not None


async def test_what_a_platform_lists_beyond_what_was_asked_for_is_nobodys_trouble(
    sms: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twilio lists by whole days: messages from before would count as strangers, for their intents are not read."""
    await sms.release(to=[ANNA])
    await sms.one.turn()
    monkeypatch.setattr(
        sms.platform, "listing", lambda _since, asked=sms.platform.listing: asked(sms.clock.now() - DAY)
    )
    sms.clock.pass_time(60)
    assert (await comparer(sms.one).compare(sms.clock.now())).listed == 0


async def test_a_ledger_is_read_stride_by_stride(sms: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "STRIDE", 2)
    everybody = people(7)
    await sms.release(to=everybody)
    await sms.one.turn()
    for job in sms.platform.started:
        sms.platform.accept(f"+{job.target}", job.text)
    found = await comparer(sms.one).compare(sms.clock.now() - DAY)
    assert found == Comparison(listed=14, known=14, duplicates=7, strangers=0, ended=0)
    assert set(sms.states().values()) == {State.SENT}
    assert sms.alarms() == ["duplicate"]
