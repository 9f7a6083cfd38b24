"""Alarms: once for all processes and restarts, and over when what was wrong no longer is."""

from typing import Any, cast

import pytest
import sqlalchemy as sa

from schemas.operations import Alarm
from schemas.words import Channel, State
from services.dispatch.tables import outbox_rows, raised
from services.runtime.store import insert_new
from services.runtime.verifier import NotTrustedError
from tests.dispatch.world import ANNA, LINEAGE, MARGIN, TAKE_BACK_S, World, people

POST = {Channel.X: {"en": ["Boil water"]}}
SENT_TWICE = "duplicate"


async def unresolved(world: World) -> None:
    """Anna's text is in doubt, and the look-up fails until patience is over."""
    process = world.process(patience_s=60)
    await world.release(to=[ANNA], by=process)
    await process.turn("reset")
    world.platform.look_up_fails = True
    for _ in range(3):
        await process.sweep()
        world.clock.pass_time(121)
    await process.sweep()
    assert world.row().state == State.UNRESOLVED


async def test_unresolved_is_over_when_a_report_says_it(sms: World) -> None:
    await unresolved(sms)
    assert (sms.alarms(), sms.alarms(over=True)) == (["unresolved"], [])
    await sms.receipts(sms.receipt(sms.row().id, "delivered", "M0"))
    sms.clock.pass_time(5)
    await sms.one.sweep()
    assert (sms.row().state, sms.alarms(over=True)) == (State.DELIVERED, ["unresolved"])
    await sms.one.sweep()
    assert sms.alarms(over=True) == ["unresolved"]


async def test_what_is_wrong_again_after_its_end_is_raised_again(sms: World) -> None:
    stands = {("no_words", LINEAGE)}
    for seen in (stands, set[tuple[str, str]](), stands):
        await sms.one.alarms.stand(seen, sms.clock.now())
        sms.clock.pass_time(5)
    assert (sms.alarms(), sms.alarms(over=True)) == (["no_words"] * 2, ["no_words"])


async def test_an_end_says_what_is_so_now_and_that_there_is_nothing_to_do(sms: World) -> None:
    await sms.one.alarms.alarm("no_words", LINEAGE)
    sms.clock.pass_time(5)
    await sms.one.alarms.stand(set(), sms.clock.now())
    [_, last] = sms.query(outbox_rows.select().order_by(outbox_rows.c.id))
    over = Alarm.model_validate_json(last.value)
    assert (over.over, over.lineage, over.do) == (True, LINEAGE, "nothing")
    assert over.says == "Nobody here waits for its words any more."


async def test_a_restart_does_not_raise_it_again_and_can_end_it(sms: World) -> None:
    await unresolved(sms)
    other = sms.one.crash()
    await other.sweep()
    assert sms.alarms() == ["unresolved"]
    await sms.receipts(sms.receipt(sms.row().id, "accepted", "M0"))
    sms.clock.pass_time(5)
    await other.sweep()
    assert (sms.alarms(), sms.alarms(over=True)) == (["unresolved"], ["unresolved"])


async def test_what_another_raised_while_this_one_looked_stands(sms: World) -> None:
    looked = sms.clock.now()
    sms.clock.pass_time(1)
    await sms.one.alarms.alarm("unresolved", LINEAGE)
    await sms.one.alarms.stand(set(), looked)
    assert sms.alarms(over=True) == []


async def test_what_has_happened_stands_for_a_day_and_until_its_alert_has_ended(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.receipts(sms.receipt(sms.row().id, "accepted", "another"))
    assert sms.alarms() == [SENT_TWICE]
    sms.clock.pass_time(7 * 3600)
    assert sms.clock.now() > value.expires
    await sms.one.sweep()
    assert sms.alarms(over=True) == []
    sms.clock.pass_time(17 * 3600)
    await sms.one.sweep()
    assert sms.alarms(over=True) == [SENT_TWICE]


async def test_nobody_waits_for_the_words_of_a_cancel_when_nothing_is_taken_back_any_more(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    await sms.cancel(2, texts=POST)
    await sms.one.sweep()
    sms.clock.pass_time(TAKE_BACK_S - 1)
    await sms.one.sweep()
    assert (sms.alarms(), sms.alarms(over=True)) == (["no_words"], [])
    sms.clock.pass_time(1)
    await sms.one.sweep()
    assert sms.alarms(over=True) == ["no_words"]


# --- releases without batches ---


async def test_a_release_of_which_no_batch_comes_at_all_is_known(sms: World) -> None:
    value = await sms.release()
    await sms.one.sweep()
    sms.clock.pass_time(119)
    await sms.one.sweep()
    assert sms.alarms() == []
    sms.clock.pass_time(2)
    await sms.one.sweep()
    assert (sms.alarms(), sms.alarms(over=True)) == (["no_batches"], [])
    await sms.one.ledger.batch(sms.batch(value, [ANNA]), 10)
    sms.clock.pass_time(5)
    await sms.one.sweep()
    assert (sms.alarms(), sms.alarms(over=True)) == (["no_batches"], ["no_batches"])


async def test_batches_of_more_people_than_were_signed_for_are_as_good_as_none(sms: World) -> None:
    """They are kept for a release that names their reach; until it comes nobody in them gets the text."""
    value = await sms.release(reach=10)
    with pytest.raises(NotTrustedError):
        await sms.one.ledger.batch(sms.batch(value, people(20)), MARGIN)
    sms.clock.pass_time(121)
    await sms.one.sweep()
    assert (sms.rows(), sms.alarms()) == ([], ["no_batches"])


async def test_an_alarm_of_a_later_version_stops_none_of_ours(sms: World) -> None:
    """A version was rolled back, and the ledger has an alarm of a rule that only the newer one knows."""
    await sms.release()
    with sms.one.store.begin() as connection:
        insert_new(connection, raised, [{"rule": "of_tomorrow", "lineage": LINEAGE, "since": sms.clock.now()}])
    sms.clock.pass_time(121)
    await sms.one.sweep()
    assert sms.alarms() == ["no_batches"]
    assert {row.rule for row in sms.query(sa.select(raised))} == {"of_tomorrow", "no_batches"}


@pytest.mark.parametrize("why", ["nobody", "no text", "withdrawn", "updated", "ended", "a cancel"])
async def test_a_release_that_needs_no_batch_is_not_missing_one(sms: World, why: str) -> None:
    if why == "a cancel":
        await sms.cancel(1)
    else:
        texts = {"texts": POST} if why == "no text" else {}
        value = await sms.release(1, 1, reach=0 if why == "nobody" else 100, **cast("Any", texts))
        if why == "withdrawn":
            await sms.withdraw(value)
        elif why == "updated":
            await sms.release(2, to=[ANNA])
    sms.clock.pass_time(7 * 3600 if why == "ended" else 121)
    await sms.one.sweep()
    assert sms.alarms() == []


async def test_a_public_channel_has_no_batches_to_miss(x: World) -> None:
    await x.release()
    x.clock.pass_time(121)
    await x.one.sweep()
    assert x.alarms() == []
