"""A platform's id is a fact: from anyone, at any time, in any state, in any order, as often as it comes."""

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from schemas.words import Kind, Reason, State
from services.dispatch.evidence import Evidence
from services.dispatch.gate import Done
from services.dispatch.port import Doubt, Sent
from services.dispatch.tables import release
from tests.dispatch.world import ANNA, BEN, World


async def counted(world: World) -> int:
    return await world.one.ledger.counter("duplicates_detected")


@pytest.mark.parametrize("order", list(itertools.permutations(["answer", "receipt", "delivered"])))
async def test_answer_and_receipts_in_any_order_mean_the_same(sms: World, order: tuple[str, ...]) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    for what in order:
        if what == "answer":
            await sms.one.ledger.window([Done(job, Sent("M1"))], 0)
        else:
            await sms.receipts(sms.receipt(job.id, "sent" if what == "receipt" else "delivered", "M1"))
    assert (sms.row().state, sms.ids(job.id), await counted(sms)) == (State.DELIVERED, {"M1"}, 0)
    assert sms.alarms() == []


async def test_what_is_repeated_changes_nothing(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    for _ in range(3):
        await sms.receipts(sms.receipt(job.id, "delivered", "M1"), sms.receipt(job.id, "sent", "M1"))
    seq = sms.row().seq
    await sms.receipts(sms.receipt(job.id, "delivered", "M1"))
    assert (sms.row().state, sms.row().seq, await counted(sms)) == (State.DELIVERED, seq, 0)


async def test_a_receipt_settles_doubt_and_a_later_time_out_does_not_undo_it(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.receipts(sms.receipt(job.id, "sent", "M1"))
    await sms.one.ledger.window([Done(job, Doubt())], 0)
    assert sms.row().state == State.SENT


async def test_a_receipt_settles_unknown(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn("reset")
    await sms.receipts(sms.receipt(sms.row().id, "accepted", "M0"))
    assert sms.row().state == State.SENT


async def test_two_ids_are_a_double_and_somebody_is_told(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.ledger.window([Done(job, Sent("M1"))], 0)
    await sms.receipts(sms.receipt(job.id, "sent", "M2"))
    await sms.receipts(sms.receipt(job.id, "delivered", "M2"))
    assert (await counted(sms), sms.ids(job.id), sms.alarms()) == (1, {"M1", "M2"}, ["duplicate"])
    assert sms.row().state == State.DELIVERED


async def test_twins_in_one_record_count_once(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.receipts(*(sms.receipt(job.id, "sent", name) for name in ("M1", "M2", "M1", "M2")))
    assert (await counted(sms), sms.row().state) == (1, State.SENT)


async def test_a_double_that_was_counted_survives_a_crash(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.receipts(sms.receipt(job.id, "sent", "M1"), sms.receipt(job.id, "sent", "M2"))
    sms.one.crash()
    assert await counted(sms) == 1


@pytest.mark.parametrize("settled", [State.FAILED, State.EXPIRED, State.SUPERSEDED, State.SUPPRESSED])
async def test_late_evidence_reopens_what_was_settled_and_alarms(sms: World, settled: State) -> None:
    value = await sms.release(to=[ANNA], ends=sms.clock.now() + timedelta(seconds=60))
    [job] = await sms.one.window()
    await sms.one.send(mood="refuse" if settled is State.FAILED else "connect")
    await sms.one.window(0)
    if settled is State.EXPIRED:
        sms.clock.pass_time(61)
        await sms.one.sweep()
    elif settled is State.SUPERSEDED:
        await sms.withdraw(value)
    elif settled is State.SUPPRESSED:
        await sms.one.ledger.opt(ANNA, out=True)
    assert sms.row().state == settled
    await sms.receipts(sms.receipt(job.id, "sent", "M1"))
    assert (sms.row().state, sms.row().reason, sms.alarms()) == (State.SENT, None, ["late_evidence"])


async def test_late_evidence_of_twins_is_one_move(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn("refuse")
    name = sms.row().id
    effects = await sms.one.ledger.receipts([sms.receipt(name, "sent", "M1"), sms.receipt(name, "sent", "M2")], {})
    assert effects.moved == {("sent", "none"): 1}
    assert len(effects.surprises) == 1


async def test_a_superseded_text_that_arrived_after_all_is_taken_back(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.send(mood="connect")
    await sms.one.window(0)
    await sms.withdraw(value)
    await sms.one.settle()
    assert sms.rows(kind=Kind.WITHDRAWAL) == []
    await sms.receipts(sms.receipt(job.id, "sent", "M1"))
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN
    assert len(sms.platform.texts(ANNA)) == 1


async def test_a_first_text_that_came_after_its_take_back_is_taken_back_again(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN
    sms.clock.pass_time(5)
    late = Evidence(sms.row().id, "twin", sms.clock.now())
    await sms.one.alarms.take(await sms.one.ledger.evidence([late], "nightly"))
    assert sms.row().state == State.SENT
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN
    assert len(sms.rows(kind=Kind.WITHDRAWAL)) == 2
    assert sorted(sms.alarms()) == ["duplicate", "late_evidence"]


async def test_a_twin_that_came_before_the_take_back_needs_no_other(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    early = sms.clock.now()
    sms.clock.pass_time(5)
    await sms.withdraw(value)
    await sms.one.settle()
    await sms.one.ledger.evidence([Evidence(sms.row().id, "twin", early)], "nightly")
    assert sms.row().state == State.WITHDRAWN


async def test_the_time_of_an_id_may_come_later_than_the_id(sms: World) -> None:
    """A receipt names the id, the nightly list its time: only then it shows that the take-back came first."""
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    sms.clock.pass_time(5)
    await sms.receipts(sms.receipt(sms.row().id, "sent", "twin"))
    assert sms.row().state == State.WITHDRAWN
    await sms.one.ledger.evidence([Evidence(sms.row().id, "twin", sms.clock.now())], "nightly")
    assert sms.row().state == State.SENT
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN


async def test_the_time_of_a_take_back_may_come_later_than_its_id(sms: World) -> None:
    """A platform whose answer names no time: the list fills it in, for the take-back and for its twin."""
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.sweep()
    [job] = await sms.one.window()
    await sms.one.ledger.window([Done(job, Sent("W1"))], 0)
    taken_back = sms.clock.now()
    sms.clock.pass_time(5)
    twin = Evidence(sms.row().id, "twin", sms.clock.now())
    await sms.one.ledger.evidence([twin], "nightly")
    await sms.one.ledger.evidence([Evidence(job.id, "W1", taken_back), twin], "nightly")
    assert sms.row().state == State.SENT


# --- delivery reports ---


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "undelivered", "delivered"])))
async def test_delivered_wins_in_any_order(sms: World, order: tuple[str, ...]) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn()
    name = sms.row().id
    for status in order:
        await sms.receipts(sms.receipt(name, status, "M0", 30003 if status == "undelivered" else None))
    assert (sms.row().state, sms.row().reason) == (State.DELIVERED, None)


async def test_undelivered_is_a_failure_with_its_reason(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.receipts(sms.receipt(sms.row().id, "undelivered", "M0", 30003))
    assert (sms.row().state, sms.row().reason) == (State.FAILED, Reason.PERMANENT_RECIPIENT)


async def test_a_repeated_sent_does_not_undo_undelivered(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.receipts(sms.receipt(sms.row().id, "undelivered", "M0", 30003))
    await sms.receipts(sms.receipt(sms.row().id, "sent", "M0"))
    assert (sms.row().state, sms.alarms()) == (State.FAILED, [])


async def test_a_report_that_speaks_before_the_answer_settles_the_row_at_once(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.receipts(sms.receipt(job.id, "undelivered", "M0", 30003))
    await sms.one.ledger.window([Done(job, Sent("M0"))], 0)
    assert sms.row().state == State.FAILED


async def test_reports_about_deliveries_that_nobody_knows_are_counted_and_nothing_else(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.receipts(sms.receipt("e" * 32, "delivered", "M9"), sms.receipt(sms.row().id, "delivered", "M0"))
    assert sms.row().state == State.DELIVERED
    assert sms.one.metrics.strangers._value.get() == 1
    assert sms.ids("e" * 32) == set()


async def test_a_report_of_one_says_nothing_of_another(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    await sms.one.turn()
    await sms.receipts(sms.receipt(sms.row(ANNA).id, "delivered", next(iter(sms.ids(sms.row(ANNA).id)))))
    assert sms.states() == {ANNA: State.DELIVERED, BEN: State.SENT}


async def test_the_first_message_of_a_release_is_remembered(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    sms.clock.pass_time(3)
    first = sms.clock.now()
    await sms.one.turn()
    sms.clock.pass_time(3)
    await sms.receipts(sms.receipt(sms.row(BEN).id, "delivered", "other"))
    assert [row.first_sent for row in sms.query(sa.select(release.c.first_sent))] == [first]
