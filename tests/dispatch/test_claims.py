"""One message is one delivery's, and everybody has their own before somebody has two."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.words import Channel, State
from services.dispatch import compare
from services.dispatch.evidence import Evidence
from tests.dispatch.test_compare import comparer
from tests.dispatch.world import ANNA, World

DAY = timedelta(days=1)
ALIKE = {channel: {"en": ["Boil your water."]} for channel in Channel}
Q = 120.0


async def two(world: World, *moods: str) -> None:
    """Two alerts whose texts read the same, to one person."""
    for lineage, mood in zip(("e" * 32, "f" * 32), moods, strict=True):
        await world.release(to=[ANNA], lineage=lineage, texts=ALIKE)
        await world.one.turn(mood)
        world.clock.pass_time(5)


def rows(world: World) -> list[Any]:
    """The earlier alert's first."""
    return sorted(world.rows(target=ANNA), key=lambda row: row.lineage)


def states(world: World) -> list[str]:
    return [row.state for row in rows(world)]


def ids(world: World) -> list[set[str]]:
    return [world.ids(row.id) for row in rows(world)]


async def test_two_in_doubt_that_both_arrived_have_one_message_each(sms: World) -> None:
    await two(sms, "reset", "reset")
    await sms.one.sweep()
    sms.clock.pass_time(Q + 1)
    await sms.one.settle()
    assert states(sms) == [State.SENT, State.SENT]
    assert sorted(map(len, ids(sms))) == [1, 1]
    assert (len(sms.platform.messages), sms.alarms()) == (2, [])


async def test_the_message_of_one_whose_quarantine_is_not_over_is_left_to_it(sms: World) -> None:
    await sms.release(to=[ANNA], lineage="e" * 32, texts=ALIKE)
    await sms.one.turn("reset")
    await sms.one.sweep()
    sms.clock.pass_time(Q - 10)
    await sms.release(to=[ANNA], lineage="f" * 32, texts=ALIKE)
    await sms.one.turn("reset")
    await sms.one.sweep()
    sms.clock.pass_time(11)
    await sms.one.sweep()  # both messages are on the list of the first
    assert states(sms) == [State.SENT, State.UNKNOWN]
    sms.clock.pass_time(Q)
    await sms.one.settle()
    assert (states(sms), len(sms.platform.messages), sms.alarms()) == ([State.SENT, State.SENT], 2, [])


async def test_a_second_message_is_no_twin_while_another_may_own_it(sms: World) -> None:
    """Only one of the two is looked up, and both messages are on its list."""
    await two(sms, "reset", "reset")
    first, second = rows(sms)
    listed = [Evidence(first.id, message.id, message.created) for message in sms.platform.messages]
    await sms.one.ledger.evidence(listed, "lookup")
    assert [len(sms.ids(row.id)) for row in (first, second)] == [1, 0]
    assert await sms.one.ledger.counter("duplicates_detected") == 0


async def test_a_second_message_is_a_twin_when_nobody_waits(sms: World) -> None:
    await two(sms, "accept", "accept")
    sms.platform.accept(f"+{ANNA}", "Boil your water.")
    found = await comparer(sms.one).compare(sms.clock.now() - DAY)
    assert (found.listed, found.known, found.duplicates, sms.alarms()) == (3, 3, 1, ["duplicate"])


@pytest.mark.parametrize("stride", [1, 1000])
async def test_a_comparison_gives_the_lost_message_to_who_has_none(
    sms: World, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two stand far apart in the ledger, and who has a message already is come upon first or last."""
    monkeypatch.setattr(compare, "STRIDE", stride)
    await two(sms, "accept", "reset")
    found = await comparer(sms.one).compare(sms.clock.now() - DAY)
    assert (found.known, found.duplicates, sms.alarms()) == (2, 0, [])
    assert [len(each) for each in ids(sms)] == [1, 1]


async def test_who_can_have_only_one_of_them_gets_that_one(sms: World) -> None:
    """The first may have either, the second, begun later, only what came later."""
    await two(sms, "reset", "reset")
    early, late = sms.platform.messages
    first, second = rows(sms)
    listed = [
        Evidence(first.id, late.id, late.created), Evidence(first.id, early.id, early.created),
        Evidence(second.id, late.id, late.created),
    ]  # fmt: skip
    await sms.one.ledger.evidence(listed, "lookup")
    assert (sms.ids(first.id), sms.ids(second.id)) == ({early.id}, {late.id})
