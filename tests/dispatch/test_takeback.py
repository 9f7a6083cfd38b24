"""Taking back: exactly those who got it, each once, nobody in doubt, and whatever stood before."""

import pytest

from schemas.words import BroadcastKind, Channel, Kind, Reason, Severity, State
from services.dispatch import takeback
from services.dispatch.ended import Seen, missed
from services.dispatch.evidence import Evidence
from services.dispatch.gate import Done
from services.dispatch.port import Ended, NotSent, Sent
from tests.dispatch.world import ANNA, BEN, CLEO, World, people

ENGLISH = {Channel.SMS: {"en": ["Boil water"]}}
POST = {Channel.X: {"en": ["Boil water"]}}
THREAD = {Channel.X: {"en": ["One of two", "Two of two"]}}


def taken_back(world: World, kind: Kind = Kind.WITHDRAWAL) -> dict[str, str]:
    return world.states(kind)


async def doubt_over(world: World) -> None:
    """See what is in doubt, and let the quarantine pass."""
    await world.one.sweep()
    world.clock.pass_time(world.platform.bounds.quarantine + 1)


# --- whom ---


async def test_a_withdrawal_after_some_of_many_goes_to_those_who_got_it(sms: World) -> None:
    value = await sms.release(to=people(20))
    for job in await sms.one.window(7):
        await sms.one.send(job)
    got = {job.target for job in sms.platform.started}
    await sms.withdraw(value)
    await sms.one.window(0)
    await sms.one.settle()
    assert set(taken_back(sms)) == got
    assert len(got) == 7
    assert all(texts[1].startswith("Disregard: ") for texts in map(sms.platform.texts, got))
    assert sorted(sms.states().values()) == [State.SUPERSEDED] * 13 + [State.WITHDRAWN] * 7
    assert max(sms.platform.counts().values()) == 1


async def test_a_cancel_goes_to_those_who_got_it_and_to_no_batch(sms: World) -> None:
    await sms.release(1, to=[ANNA, BEN])
    first, _ = await sms.one.window()
    await sms.one.send(first, mood="refuse")
    await sms.one.send()
    await sms.one.window(0)
    got = [target for target, state in sms.states().items() if state == State.SENT]
    cancel = await sms.cancel(2, to=[ANNA, BEN, CLEO])
    await sms.one.settle()
    assert set(taken_back(sms, Kind.CANCEL)) == set(got)
    assert sms.platform.texts(got[0])[1] == cancel.renditions[1].parts[0]
    assert sms.row(got[0]).state == State.WITHDRAWN


async def test_who_got_nothing_gets_no_take_back(sms: World) -> None:
    value = await sms.release(to=[ANNA, BEN, CLEO])
    await sms.one.window(1)
    await sms.one.send(mood="refuse")
    await sms.one.window(1)
    await sms.one.send(mood="connect")
    await sms.one.window(0)
    await sms.withdraw(value)
    await sms.one.settle()
    assert taken_back(sms) == {}
    assert sms.platform.messages == []


async def test_it_works_after_the_alert_has_expired(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    sms.clock.pass_time(7 * 3600)
    assert value.expires < sms.clock.now()
    await sms.withdraw(value)
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN


async def test_after_its_own_end_nothing_is_taken_back(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.sweep()
    sms.clock.pass_time(86_401)
    await sms.one.settle()
    assert taken_back(sms) == {ANNA: State.EXPIRED}


async def test_who_opted_out_since_is_counted_and_gets_no_text(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.one.ledger.opt(ANNA, out=True)
    await sms.withdraw(value)
    await sms.one.settle()
    row = sms.row(kind=Kind.WITHDRAWAL)
    assert (row.state, row.reason) == (State.SUPPRESSED, Reason.OPTED_OUT)
    assert len(sms.platform.messages) == 1


async def test_it_speaks_the_language_of_what_it_takes_back(sms: World) -> None:
    value = await sms.release()
    await sms.one.ledger.batch(sms.batch(value, [ANNA], language="es"), 10)
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    assert [text.partition(":")[0] for text in sms.platform.texts(ANNA)] == ["Texto", "Disregard"]
    assert "Texto" in sms.platform.texts(ANNA)[1]


async def test_a_withdrawal_that_comes_twice_is_one(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    await sms.withdraw(value)
    await sms.one.settle()
    assert len(sms.platform.texts(ANNA)) == 2


async def test_many_are_taken_back_in_chunks(sms: World) -> None:
    everyone = people(500)
    value = await sms.release(to=everyone)
    await sms.one.ledger.batch(sms.batch(value, people(700)[500:], number=2, of=2), 10)
    while await sms.one.turn():
        pass
    await sms.withdraw(value)
    await sms.one.settle(20)
    assert len(taken_back(sms)) == 700
    assert max(sms.platform.counts().values()) == 1


async def _in_chunks_of_three(world: World, patch: pytest.MonkeyPatch) -> None:
    """Who has two versions is cut by the end of a chunk; the process dies after each chunk and its sending."""
    patch.setattr(takeback, "CHUNK", 3)
    patch.setattr(takeback, "_OWING", takeback._each(takeback._owing))
    for _ in range(10):
        await world.one.ledger.owe(world.platform.bounds.last_arrival)
        await world.one.turn()
        world.one.crash()


@pytest.mark.parametrize("kind", [Kind.WITHDRAWAL, Kind.CANCEL])
async def test_who_has_two_versions_hears_once_wherever_a_chunk_ends(
    sms: World, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    everyone = people(5)
    await sms.release(1, to=everyone)
    await sms.one.turn()
    last = await sms.release(2, kind=BroadcastKind.UPDATE, to=everyone)
    await sms.one.turn()
    await (sms.withdraw(last) if kind is Kind.WITHDRAWAL else sms.cancel(3))
    await _in_chunks_of_three(sms, monkeypatch)
    assert taken_back(sms, kind) == dict.fromkeys(everyone, State.SENT)
    assert [len(sms.platform.texts(each)) for each in everyone] == [3] * 5
    assert {row.state for row in sms.rows() if row.kind in {Kind.ALERT, Kind.UPDATE}} == {State.WITHDRAWN}


async def test_a_long_thread_is_taken_back_by_one_notice_wherever_a_chunk_ends(
    x: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [f"{number} of five" for number in range(1, 6)]
    value = await x.release(texts={Channel.X: {"en": parts}})
    await x.one.settle()
    await x.withdraw(value)
    await _in_chunks_of_three(x, monkeypatch)
    assert x.platform.standing() == [f"Disregard: {part}" for part in parts]
    assert len(x.rows(kind=Kind.WITHDRAWAL)) == 5


# --- doubt ---


@pytest.mark.parametrize("arrived", [True, False])
async def test_the_target_in_doubt_waits_and_the_others_do_not(sms: World, arrived: bool) -> None:
    value = await sms.release(to=[ANNA, BEN])
    first, _ = await sms.one.window()
    await sms.one.send(first, mood="reset" if arrived else "lost")
    await sms.one.send()
    await sms.withdraw(value)
    await sms.one.window(0)
    await sms.one.sweep()
    await sms.one.turn()
    doubtful = first.target
    assert set(taken_back(sms)) == {ANNA, BEN} - {doubtful}
    await doubt_over(sms)
    await sms.one.settle()
    assert (doubtful in taken_back(sms)) == arrived
    assert sms.row(doubtful).state == (State.WITHDRAWN if arrived else State.SUPERSEDED)


async def test_one_in_flight_at_the_withdrawal_is_taken_back_when_its_answer_comes(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    sms.one.flying.clear()
    sms.platform.accept(f"+{ANNA}", job.text)
    await sms.withdraw(value)
    await sms.one.sweep()
    assert taken_back(sms) == {}
    await sms.one.ledger.window([Done(job, Sent("M0"))], 0)
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN


async def test_a_take_back_in_doubt_is_looked_up_like_any_other(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.sweep()
    await sms.one.turn("reset")
    assert sms.row().state == State.SENT
    await doubt_over(sms)
    await sms.one.settle()
    assert (sms.row().state, len(sms.platform.texts(ANNA))) == (State.WITHDRAWN, 2)


async def test_what_was_tried_twice_waits_until_nothing_can_arrive_any_more(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.ledger.window([Done(job, NotSent(Reason.TRANSIENT, 0.0))], 0)
    sms.one.flying.clear()
    await sms.one.turn()
    await sms.withdraw(value)
    sms.clock.pass_time(sms.platform.bounds.last_arrival)
    await sms.one.sweep()
    assert taken_back(sms) == {}
    sms.clock.pass_time(1)
    await sms.one.settle()
    assert taken_back(sms) == {ANNA: State.SENT}


# --- unresolved: harm decides ---


async def make_unresolved(world: World, severity: Severity) -> None:
    world.one.sweeper._quarantine._patience_s = 0
    await world.release(to=[ANNA] if world.channel is Channel.SMS else [], severity=severity)
    await world.one.turn("lost")
    world.platform.look_up_fails = True
    await doubt_over(world)
    await world.one.sweep()
    world.platform.look_up_fails = False


@pytest.mark.parametrize("severity", [Severity.SEVERE, Severity.MODERATE, Severity.MINOR, Severity.UNKNOWN])
async def test_a_text_that_may_have_arrived_is_taken_back_all_the_same(sms: World, severity: Severity) -> None:
    await make_unresolved(sms, severity)
    assert sms.row().state == State.UNRESOLVED
    await sms.withdraw(sms.broadcast(severity=severity, now=sms.clock.moment.replace(hour=12, minute=0, second=0)))
    await sms.one.settle()
    assert (taken_back(sms), sms.row().state) == ({ANNA: State.SENT}, State.WITHDRAWN)


async def test_a_post_that_may_stand_is_left_to_a_person(x: World) -> None:
    await make_unresolved(x, Severity.SEVERE)
    await x.withdraw(x.broadcast(now=x.clock.moment.replace(hour=12, minute=0, second=0)))
    await x.one.settle()
    assert x.rows(kind=Kind.WITHDRAWAL) == x.rows(kind=Kind.DELETION) == []
    assert x.alarms() == ["unresolved"]


async def test_extreme_is_sent_again_in_place_of_unresolved(sms: World) -> None:
    await make_unresolved(sms, Severity.EXTREME)
    assert sms.row().state == State.PLANNED
    await sms.one.turn()
    assert sms.row().state == State.SENT


# --- several versions ---


async def test_several_versions_on_one_target_are_one_take_back(sms: World) -> None:
    await sms.release(1, to=[ANNA, BEN])
    await sms.one.turn()
    second = await sms.release(2, kind=BroadcastKind.UPDATE, to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(second)
    await sms.one.settle()
    assert taken_back(sms) == {ANNA: State.SENT, BEN: State.SENT}
    assert len(sms.platform.texts(ANNA)) == 3
    assert [row.state for row in sms.rows(target=ANNA)][:2] == [State.WITHDRAWN, State.WITHDRAWN]


async def test_one_version_that_must_wait_makes_the_whole_target_wait(sms: World) -> None:
    """Else the second version, owed later, would be taken back by a second text."""
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    second = await sms.release(2, kind=BroadcastKind.UPDATE, to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.ledger.window([Done(job, NotSent(Reason.TRANSIENT, 0.0))], 0)
    sms.one.flying.clear()
    await sms.one.turn()
    await sms.withdraw(second)
    await sms.one.settle()
    sms.clock.pass_time(sms.platform.bounds.last_arrival + 1)
    await sms.one.settle()
    assert len(sms.platform.texts(ANNA)) == 3


async def test_a_cancel_that_was_wrong_is_withdrawn_from_those_who_got_it(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    cancel = await sms.cancel(2)
    await sms.one.settle()
    await sms.withdraw(cancel)
    await sms.one.settle()
    assert [row.kind for row in sms.rows(target=ANNA)] == [Kind.ALERT, Kind.CANCEL, Kind.WITHDRAWAL]
    assert [row.state for row in sms.rows(target=ANNA)] == [State.WITHDRAWN, State.WITHDRAWN, State.SENT]


async def test_a_cancel_overtaken_by_a_withdrawal_leaves_nobody_untold(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    cancel = await sms.cancel(2)
    await sms.one.sweep()
    await sms.withdraw(cancel)
    await sms.one.settle()
    assert [(row.kind, row.state) for row in sms.rows(target=ANNA)] == [
        (Kind.ALERT, State.WITHDRAWN), (Kind.CANCEL, State.SUPERSEDED), (Kind.WITHDRAWAL, State.SENT)
    ]  # fmt: skip


async def test_a_correction_overtaken_by_a_withdrawal_leaves_nobody_untold(sms: World) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    second = await sms.release(1, 2, to=[ANNA])
    await sms.one.sweep()
    assert sms.row(kind=Kind.CORRECTION).state == State.PLANNED
    await sms.withdraw(second)
    await sms.one.settle()
    assert taken_back(sms) == {ANNA: State.SENT}


async def test_who_did_not_get_the_correction_still_hears_of_the_withdrawal(sms: World) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    second = await sms.release(1, 2, to=[ANNA])
    await sms.one.sweep()
    await sms.one.turn("refuse")
    assert sms.row(kind=Kind.CORRECTION).state == State.FAILED
    await sms.withdraw(second)
    await sms.one.settle()
    assert taken_back(sms) == {ANNA: State.SENT}


# --- corrections ---


async def test_a_later_revision_is_a_correction_to_those_who_have_the_earlier_and_an_alert_to_others(
    sms: World,
) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    second = await sms.release(1, 2, to=[ANNA, BEN])
    await sms.one.settle()
    assert sms.row(ANNA, Kind.CORRECTION).state == State.SENT
    assert sms.platform.texts(ANNA)[1] == second.corrections[1].parts[0]
    assert sms.platform.texts(BEN) == [second.renditions[1].parts[0]]
    assert [row.state for row in sms.rows(target=ANNA, kind=Kind.ALERT)] == [State.CORRECTED, State.SUPERSEDED]


async def test_the_alert_of_a_later_revision_never_starts_before_the_sweep_has_made_it_a_correction(
    sms: World,
) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    await sms.release(1, 2, to=[ANNA])
    assert await sms.one.window() == []


async def test_a_correction_of_a_correction_follows_it(sms: World) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    for revision in (2, 3):
        await sms.release(1, revision, to=[ANNA])
        await sms.one.settle()
    assert [(row.revision, row.state) for row in sms.rows(target=ANNA) if row.state != State.SUPERSEDED] == [
        (1, State.CORRECTED), (2, State.CORRECTED), (3, State.SENT)
    ]  # fmt: skip


async def test_a_correction_in_flight_is_settled_before_the_next_follows_it(sms: World) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    await sms.release(1, 2, to=[ANNA])
    await sms.one.sweep()
    await sms.one.window()
    await sms.release(1, 3, to=[ANNA])
    await sms.one.sweep()
    sms.one.ledger.marks.clear()
    await sms.one.send()
    await sms.one.window(0)
    await sms.one.settle()
    assert [(row.revision, row.state) for row in sms.rows(target=ANNA) if row.state != State.SUPERSEDED] == [
        (1, State.CORRECTED), (2, State.CORRECTED), (3, State.SENT)
    ]  # fmt: skip


async def test_who_is_in_doubt_gets_neither_alert_nor_correction_until_it_is_known(sms: World) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn("reset")
    await sms.release(1, 2, to=[ANNA])
    await sms.one.sweep()
    assert await sms.one.window() == []
    await doubt_over(sms)
    await sms.one.settle()
    assert sms.row(ANNA, Kind.CORRECTION).state == State.SENT


async def test_a_corrected_thread_is_corrected_part_after_part(x: World) -> None:
    await x.release(1, 1, texts=THREAD)
    await x.one.settle()
    await x.release(1, 2, texts={Channel.X: {"en": ["Again, one of two", "Again, two of two"]}})
    await x.one.settle()
    assert x.platform.standing()[2:] == ["Correction. Again, one of two", "Correction. Again, two of two"]


async def test_a_correction_that_is_longer_than_what_it_corrects_is_posted_whole(x: World) -> None:
    await x.release(1, 1, texts=POST)
    await x.one.settle()
    await x.release(1, 2, texts={Channel.X: {"en": ["Now in two, one", "Now in two, two"]}})
    await x.one.settle()
    assert x.platform.standing()[1:] == ["Correction. Now in two, one", "Correction. Now in two, two"]


# --- what is reported undelivered ---


async def undelivered(world: World, kind: Kind) -> None:
    """The network reports Anna's newest message of this kind as not delivered."""
    row = max(world.rows(kind=kind, target=ANNA), key=lambda row: row.ordinal)
    await world.receipts(world.report(row, "undelivered", 30003))


async def corrected(world: World, *, alert_seen: bool = False) -> None:
    """Anna has the alert and its correction, which the network reports as not delivered."""
    await world.release(1, 1, to=[ANNA])
    await world.one.turn()
    if alert_seen:
        await world.receipts(world.report(world.row(), "delivered"))
    await world.release(1, 2, to=[ANNA])
    await world.one.settle()
    before = next(row for row in world.rows() if row.state == State.CORRECTED)
    await undelivered(world, Kind.CORRECTION)
    after = next(row for row in world.rows() if row.id == before.id)
    assert (after.state, after.seq > before.seq, after.unreported) == (State.SENT, True, True)


@pytest.mark.parametrize("alert_seen", [False, True])
async def test_who_did_not_get_the_correction_hears_of_the_end(sms: World, alert_seen: bool) -> None:
    await corrected(sms, alert_seen=alert_seen)
    await sms.one.settle()
    assert len(sms.platform.texts(ANNA)) == 2, "the same revision is not corrected again"
    await sms.withdraw(sms.broadcast(1, 2, now=sms.clock.now().replace(microsecond=0)))
    await sms.one.settle()
    assert taken_back(sms) == {ANNA: State.SENT}


async def test_who_did_not_get_the_correction_gets_the_next_one(sms: World) -> None:
    await corrected(sms)
    third = await sms.release(1, 3, to=[ANNA])
    await sms.one.settle()
    assert sms.platform.texts(ANNA)[2:] == [third.corrections[1].parts[0]]
    assert [row.state for row in sms.rows(kind=Kind.CORRECTION)] == [State.FAILED, State.SENT]


async def test_who_has_two_corrections_and_not_the_second_gets_one_third(sms: World) -> None:
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    for revision in (2, 3):
        await sms.release(1, revision, to=[ANNA])
        await sms.one.settle()
    await undelivered(sms, Kind.CORRECTION)
    fourth = await sms.release(1, 4, to=[ANNA])
    await sms.one.settle()
    assert sms.platform.texts(ANNA)[3:] == [fourth.corrections[1].parts[0]]
    assert [row.state for row in sms.rows(target=ANNA) if row.state != State.SUPERSEDED] == [
        State.CORRECTED, State.CORRECTED, State.FAILED, State.SENT
    ]  # fmt: skip


async def test_what_an_older_version_has_left_corrected_is_corrected_all_the_same(sms: World) -> None:
    """That one moved the correction to `failed` and the alert not at all; then the next one fails as well."""
    await sms.release(1, 1, to=[ANNA])
    await sms.one.turn()
    await sms.release(1, 2, to=[ANNA])
    await sms.one.settle()
    [left] = [row for row in sms.rows() if row.state == State.CORRECTED]
    await undelivered(sms, Kind.CORRECTION)
    sms.put(left)
    third = await sms.release(1, 3, to=[ANNA])
    await sms.one.settle()
    assert sms.platform.texts(ANNA)[2:] == [third.corrections[1].parts[0]]
    await undelivered(sms, Kind.CORRECTION)
    await sms.withdraw(third)
    await sms.one.settle()
    assert taken_back(sms) == {ANNA: State.SENT}


async def test_who_did_not_get_the_cancel_gets_its_withdrawal_and_no_second_cancel(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    cancel = await sms.cancel(2)
    await sms.one.settle()
    await undelivered(sms, Kind.CANCEL)
    await sms.one.settle()
    assert (sms.row().state, len(sms.platform.texts(ANNA))) == (State.SENT, 2)
    await sms.withdraw(cancel)
    await sms.one.settle()
    assert (sms.row().state, taken_back(sms)) == (State.WITHDRAWN, {ANNA: State.SENT})


async def test_a_report_that_it_was_delivered_after_all_takes_back_at_last(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    row = sms.row(kind=Kind.WITHDRAWAL)
    reports = [sms.report(row, status) for status in ("undelivered", "delivered", "undelivered")]
    states = []
    for report in reports:
        for _ in range(2):
            await sms.receipts(report)
        states.append((sms.row(kind=Kind.WITHDRAWAL).state, sms.row().state))
    assert states == [
        (State.FAILED, State.SENT), (State.DELIVERED, State.WITHDRAWN), (State.DELIVERED, State.WITHDRAWN)
    ]  # fmt: skip


async def test_reports_of_one_record_in_the_wrong_order_leave_it_taken_back(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    row = sms.row(kind=Kind.WITHDRAWAL)
    await sms.receipts(*(sms.report(row, each) for each in ("undelivered", "delivered")))
    assert (sms.row(kind=Kind.WITHDRAWAL).state, sms.row().state) == (State.DELIVERED, State.WITHDRAWN)


async def test_the_platforms_list_that_says_undelivered_is_as_good_as_a_report(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    [name] = sms.ids(sms.row(kind=Kind.WITHDRAWAL).id)
    ends: tuple[tuple[Ended, State], ...] = (("undelivered", State.SENT), ("delivered", State.WITHDRAWN))
    for ended, state in ends:
        listed = [Seen(name, sms.clock.now(), ended, 30003)]
        await sms.receipts(*await sms.one.store.transact(missed, listed, sms.clock.now()))
        assert sms.row().state == state


async def test_what_may_have_arrived_is_unresolved_again_when_its_take_back_has_not(sms: World) -> None:
    await make_unresolved(sms, Severity.SEVERE)
    await sms.withdraw(
        sms.broadcast(severity=Severity.SEVERE, now=sms.clock.moment.replace(hour=12, minute=0, second=0))
    )
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN
    await undelivered(sms, Kind.WITHDRAWAL)
    await sms.one.settle()
    assert (sms.row().state, sms.row().reason) == (State.UNRESOLVED, Reason.UNKNOWN_OUTCOME)
    assert taken_back(sms) == {ANNA: State.FAILED}


# --- words ---


async def test_a_cancel_without_words_for_this_channel_is_a_persons_and_stops_nothing(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    await sms.release(1, to=[BEN], lineage="e" * 32)
    await sms.cancel(2, texts=POST)
    await sms.one.settle()
    assert taken_back(sms, Kind.CANCEL) == {}
    assert sms.alarms() == ["no_words"]
    assert sms.row(BEN).state == State.SENT


async def test_a_take_back_that_may_have_arrived_is_a_persons_and_not_sent_again(sms: World) -> None:
    """Found by the protocol machine: a report of the alert, when both were unresolved, planned a second one."""
    process = sms.process(patience_s=0)
    value = await sms.release(to=[ANNA])
    sms.platform.look_up_fails = True
    for step in ("alert", "take-back"):
        if step == "take-back":
            await sms.withdraw(value)
            await process.sweep()
        await process.turn("reset")
        await process.sweep()
        sms.clock.pass_time(121)
        await process.sweep()
    assert [row.state for row in sms.rows()] == [State.UNRESOLVED, State.UNRESOLVED]
    await sms.receipts(sms.receipt(sms.row().id, "accepted", "M0"))
    await process.settle()
    assert sorted(row.state for row in sms.rows()) == [State.SENT, State.UNRESOLVED]
    await sms.receipts(sms.receipt(sms.row(kind=Kind.WITHDRAWAL).id, "accepted", "M1"))
    assert [row.state for row in sms.rows()] == [State.WITHDRAWN, State.SENT]


@pytest.mark.parametrize("which", ["alert", "cancel"])
async def test_whom_a_cancel_without_words_cannot_tell_the_withdrawal_does(sms: World, which: str) -> None:
    """In the alert's own words, whichever of the two is withdrawn."""
    alert = await sms.release(1, to=[ANNA])
    await sms.one.turn()
    cancel = await sms.cancel(2, texts=POST)
    await sms.one.settle()
    assert sms.alarms() == ["no_words"]
    sms.clock.pass_time(5)
    for _ in range(2):
        await sms.withdraw(alert if which == "alert" else cancel)
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN
    [first, second] = sms.platform.texts(ANNA)
    assert second == f"Disregard: {first}"
    assert sms.alarms(over=True) == ["no_words"]
    await sms.release(3, to=[ANNA])
    assert len(await sms.one.turn()) == 1


@pytest.mark.parametrize("started", [False, True])
async def test_a_cancel_without_words_does_not_stop_a_withdrawal(sms: World, started: bool) -> None:
    value = await sms.release(1, to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await (sms.one.settle() if started else sms.one.sweep())
    await sms.cancel(2, texts=POST)
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN
    assert (len(sms.platform.texts(ANNA)), sms.alarms()) == (2, [])


async def test_a_withdrawal_does_not_go_above_a_cancel_with_words(sms: World) -> None:
    value = await sms.release(1, to=[ANNA])
    await sms.one.turn()
    await sms.cancel(2)
    await sms.withdraw(value)
    await sms.one.settle()
    assert [row.state for row in sms.rows(kind=Kind.CANCEL)] == [State.SENT]
    assert sms.rows(kind=Kind.WITHDRAWAL) == []


# --- public channels ---


async def test_a_post_is_taken_back_by_a_notice_and_deleted(x: World) -> None:
    value = await x.release(texts=POST)
    await x.one.turn()
    await x.withdraw(value)
    await x.one.settle()
    assert x.platform.standing() == ["Disregard: Boil water"]
    assert [row.state for row in x.rows(kind=Kind.DELETION)] == [State.SENT]


async def test_a_public_cancel_without_words_still_deletes(x: World) -> None:
    await x.release(texts=POST)
    await x.one.turn()
    await x.cancel(2, texts=ENGLISH)
    await x.one.settle()
    assert x.platform.standing() == []
    assert x.alarms() == ["no_words"]


async def test_each_platform_id_is_deleted_a_twins_too(x: World) -> None:
    value = await x.release(texts=POST)
    await x.one.turn()
    twin = x.platform.accept("@main", "Boil water")
    await x.one.ledger.evidence([Evidence(x.rows()[0].id, twin.id, twin.created)], "nightly")
    await x.withdraw(value)
    await x.one.settle()
    assert x.platform.standing() == ["Disregard: Boil water"]
    assert len(x.rows(kind=Kind.DELETION)) == 2


async def test_a_twin_found_after_the_take_back_is_deleted_too(x: World) -> None:
    value = await x.release(texts=POST)
    await x.one.turn()
    created = x.clock.now()
    await x.withdraw(value)
    await x.one.settle()
    twin = x.platform.accept("@main", "Boil water")
    await x.one.ledger.evidence([Evidence(x.row("main/en/public/1").id, twin.id, created)], "nightly")
    await x.one.settle()
    assert x.platform.standing() == ["Disregard: Boil water"]


async def test_a_deletion_in_doubt_is_tried_again(x: World) -> None:
    value = await x.release(texts=POST)
    await x.one.turn()
    await x.withdraw(value)
    await x.one.sweep()
    jobs = await x.one.window()
    for job in jobs:
        await x.one.send(job, mood="lost" if job.kind is Kind.DELETION else "accept")
    await x.one.window(0)
    await doubt_over(x)
    await x.one.settle()
    assert x.platform.standing() == ["Disregard: Boil water"]


async def test_a_thread_is_taken_back_by_one_notice(x: World) -> None:
    value = await x.release(texts=THREAD)
    await x.one.settle()
    assert len(x.platform.standing()) == 2
    await x.withdraw(value)
    await x.one.settle()
    assert x.platform.standing() == ["Disregard: One of two", "Disregard: Two of two"]


async def test_a_thread_with_a_part_in_doubt_waits_for_it(x: World) -> None:
    """Else the part that is found later would be followed by a second notice."""
    value = await x.release(texts=THREAD)
    await x.one.turn()
    await x.one.turn("reset")
    await x.withdraw(value)
    await x.one.sweep()
    assert x.rows(kind=Kind.WITHDRAWAL) == []
    await doubt_over(x)
    await x.one.settle()
    assert x.platform.standing() == ["Disregard: One of two", "Disregard: Two of two"]
    assert len(x.rows(kind=Kind.WITHDRAWAL)) == 2


async def test_a_wrong_post_is_deleted_although_a_new_alert_follows_at_once(x: World) -> None:
    value = await x.release(1, texts=POST)
    await x.one.turn()
    await x.withdraw(value)
    await x.one.sweep()
    await x.release(2, texts={Channel.X: {"en": ["The right one"]}}, kind=BroadcastKind.UPDATE)
    await x.one.settle()
    assert x.platform.standing() == ["The right one"]
