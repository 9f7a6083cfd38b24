"""The gate: what may start, what may not and why, and whose word about an attempt counts."""

from datetime import timedelta

import pytest

from schemas.words import BroadcastKind, Channel, Kind, Reason, Severity, State
from services.dispatch.brake import set_brake
from services.dispatch.due import LONGEST
from services.dispatch.gate import ACCOUNT_S, Done
from services.dispatch.port import Doubt, NotSent, Refused, Sent
from tests.dispatch.world import ANNA, BEN, CLEO, World, people

THREAD = {Channel.X: {"en": ["One of two", "Two of two"]}}


# --- what may start ---


async def test_a_planned_text_starts_once(sms: World) -> None:
    await sms.release(to=[ANNA])
    assert [job.target for job in await sms.one.window()] == [ANNA]
    assert (sms.row().state, sms.row().attempt) == (State.SENDING, 1)
    assert await sms.one.window() == []


async def test_two_processes_never_open_the_same_intent(sms: World) -> None:
    await sms.release(to=people(20))
    other = sms.process()
    mine, theirs = await sms.one.window(12), await other.window(12)
    assert (len(mine), len(theirs)) == (12, 8)
    assert not {job.id for job in mine} & {job.id for job in theirs}


async def test_no_more_than_the_slots_are_opened(sms: World) -> None:
    await sms.release(to=people(10))
    assert len(await sms.one.window(3)) == 3
    assert len(await sms.one.window(0)) == 0
    assert list(sms.states().values()).count(State.SENDING) == 3


async def test_take_backs_go_before_the_gravest_alert(sms: World) -> None:
    wrong = await sms.release(to=[ANNA], severity=Severity.MINOR)
    await sms.one.turn()
    await sms.release(to=[ANNA], lineage="5" * 32, severity=Severity.EXTREME)
    await sms.withdraw(wrong)
    await sms.one.sweep()
    assert [job.kind for job in await sms.one.window()] == [Kind.WITHDRAWAL, Kind.ALERT]


async def test_the_order_of_severities(sms: World) -> None:
    for number, severity in enumerate((Severity.MINOR, Severity.EXTREME, Severity.MODERATE, Severity.SEVERE)):
        await sms.release(to=[ANNA], lineage=f"{number}" * 32, severity=severity)
    assert [job.severity for job in await sms.one.window()] == [
        Severity.EXTREME, Severity.SEVERE, Severity.MODERATE, Severity.MINOR
    ]  # fmt: skip


# --- what may not ---


async def test_below_the_mark_nothing_starts(sms: World) -> None:
    value = await sms.release(to=[ANNA, BEN])
    await sms.one.window(1)
    await sms.withdraw(value)
    assert await sms.one.window() == []
    assert sorted(sms.states().values()) == [State.SENDING, State.SUPERSEDED]


async def test_what_comes_back_to_planned_below_the_mark_stays_back(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.window()
    await sms.withdraw(value)
    await sms.one.send(mood="connect")
    await sms.one.window()
    assert (sms.row().state, sms.row().reason) == (State.SUPERSEDED, Reason.SUPERSEDED)


async def test_the_last_question_before_the_first_byte_knows_the_mark(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.window()
    await sms.withdraw(value)
    await sms.one.send()
    assert sms.platform.messages == []


async def test_a_brake_written_beside_the_dispatcher_stops_the_next_window(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    await sms.one.window(1)
    url = sms.url
    set_brake(url, Channel.SMS, on=True, by="op", reason="drill", now=sms.clock.now())
    assert await sms.one.window() == []
    assert await sms.one.ledger.braked()
    set_brake(url, Channel.SMS, on=False, by="op", reason="over", now=sms.clock.now())
    assert len(await sms.one.window()) == 1


async def test_another_channels_brake_is_not_ours(sms: World) -> None:
    await sms.release(to=[ANNA])
    set_brake(sms.url, Channel.X, on=True, by="op", reason="x", now=sms.clock.now())
    assert len(await sms.one.window()) == 1


async def test_with_the_brake_on_outcomes_are_still_committed(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.window()
    await sms.one.send()
    set_brake(sms.url, Channel.SMS, on=True, by="op", reason="drill", now=sms.clock.now())
    await sms.one.window()
    assert sms.row().state == State.SENT


async def test_a_pause_holds_one_lineage_until_it_is_resumed(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.release(to=[BEN], lineage="e" * 32)
    await sms.one.ledger.pause(value.lineage, on=True)
    assert [job.target for job in await sms.one.window()] == [BEN]
    await sms.one.ledger.pause(value.lineage, on=False)
    assert [job.target for job in await sms.one.window()] == [ANNA]


async def test_a_pause_does_not_hold_a_take_back(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.one.ledger.pause(value.lineage, on=True)
    await sms.withdraw(value)
    await sms.one.sweep()
    assert [job.kind for job in await sms.one.window()] == [Kind.WITHDRAWAL]


async def test_after_its_end_nothing_starts(sms: World) -> None:
    await sms.release(to=[ANNA], ends=sms.clock.now() + timedelta(minutes=5))
    sms.clock.pass_time(300)
    assert await sms.one.window() == []
    await sms.one.sweep()
    assert (sms.row().state, sms.row().reason) == (State.EXPIRED, Reason.EXPIRED)


async def test_the_last_question_knows_the_end(sms: World) -> None:
    await sms.release(to=[ANNA], ends=sms.clock.now() + timedelta(seconds=5))
    await sms.one.window()
    sms.clock.pass_time(6)
    await sms.one.send()
    assert sms.platform.messages == []
    await sms.one.window()
    await sms.one.sweep()
    assert sms.row().state == State.EXPIRED


async def test_who_said_stop_gets_nothing(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    await sms.one.ledger.opt(ANNA, out=True)
    assert [job.target for job in await sms.one.window()] == [BEN]
    assert (sms.row(ANNA).state, sms.row(ANNA).reason) == (State.SUPPRESSED, Reason.OPTED_OUT)
    await sms.release(to=[ANNA], lineage="e" * 32)
    assert await sms.one.window() == []


async def test_a_stop_between_intent_and_first_byte_counts(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.window()
    await sms.one.ledger.opt(ANNA, out=True)
    await sms.one.send()
    await sms.one.window()
    assert sms.platform.messages == []
    assert (sms.row().state, sms.row().reason) == (State.SUPPRESSED, Reason.OPTED_OUT)


async def test_after_a_start_texts_go_again(sms: World) -> None:
    await sms.one.ledger.opt(ANNA, out=True)
    await sms.one.ledger.opt(ANNA, out=False)
    await sms.release(to=[ANNA])
    await sms.one.turn()
    assert sms.row().state == State.SENT


# --- versions on one target ---


@pytest.mark.parametrize("doubt", [State.SENDING, State.UNKNOWN])
async def test_an_update_waits_while_the_version_before_is_in_doubt(sms: World, doubt: State) -> None:
    await sms.release(1, to=[ANNA, BEN])
    await sms.one.window()
    if doubt is State.UNKNOWN:
        await sms.one.send(mood="lost")
        await sms.one.window(0)
    await sms.release(2, kind=BroadcastKind.UPDATE, to=[ANNA, CLEO])
    assert [job.target for job in await sms.one.window()] == [CLEO]


async def test_the_update_goes_when_the_version_before_is_settled(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.window()
    await sms.release(2, kind=BroadcastKind.UPDATE, to=[ANNA])
    await sms.one.send()
    assert [job.kind for job in await sms.one.window()] == [Kind.UPDATE]


async def test_a_newer_version_overtakes_what_is_planned(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.release(2, kind=BroadcastKind.UPDATE, to=[ANNA])
    assert [(job.kind, job.target) for job in await sms.one.window()] == [(Kind.UPDATE, ANNA)]
    assert sms.row(kind=Kind.ALERT).state == State.SUPERSEDED


async def test_a_second_part_waits_for_the_first_to_stand(x: World) -> None:
    await x.release(texts=THREAD)
    assert [job.text for job in await x.one.window()] == ["One of two"]
    assert await x.one.window() == []
    await x.one.send(mood="lost")
    assert await x.one.window() == []
    await x.one.sweep()
    x.clock.pass_time(121)
    await x.one.sweep()
    await x.one.turn()
    assert [job.text for job in await x.one.window()] == ["Two of two"]
    await x.one.send()
    await x.one.window(0)
    assert x.platform.standing() == ["One of two", "Two of two"]


# --- outcomes ---


async def test_a_word_about_an_attempt_that_is_over_changes_nothing(sms: World) -> None:
    await sms.release(to=[ANNA])
    [first] = await sms.one.window()
    await sms.one.ledger.window([Done(first, NotSent(Reason.TRANSIENT, 0.0))], 0)
    other = sms.process()
    [second] = await other.window()
    assert (first.attempt, second.attempt) == (1, 2)
    for outcome in (NotSent(Reason.TRANSIENT, 0.0), Refused(Reason.PERMANENT_RECIPIENT), Doubt()):
        await sms.one.ledger.window([Done(first, outcome)], 0)
        assert (sms.row().state, sms.row().attempt) == (State.SENDING, 2)
    await other.ledger.window([Done(second, Doubt())], 0)
    assert sms.row().state == State.UNKNOWN


@pytest.mark.parametrize("reason", [Reason.AUTH, Reason.PAYMENT])
async def test_a_refusal_of_the_account_says_nothing_of_the_message(sms: World, reason: Reason) -> None:
    """A token that has ended at night must not cost anybody the alert: it waits until somebody has renewed it."""
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.ledger.window([Done(job, Refused(reason, 401))], 0)
    assert (sms.row().state, sms.row().reason) == (State.PLANNED, reason)
    assert await sms.one.window() == []
    sms.clock.pass_time(ACCOUNT_S)
    await sms.one.turn()
    assert sms.row().state == State.SENT


async def test_what_waits_for_the_account_ends_with_its_alert(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.ledger.window([Done(job, Refused(Reason.AUTH, 401))], 0)
    sms.clock.pass_time((job.ends - sms.clock.now()).total_seconds())
    await sms.one.settle()
    assert sms.row().state == State.EXPIRED
    assert sms.platform.messages == []


async def test_an_id_counts_whatever_the_attempt(sms: World) -> None:
    await sms.release(to=[ANNA])
    [first] = await sms.one.window()
    await sms.one.ledger.window([Done(first, NotSent(Reason.TRANSIENT, 0.0))], 0)
    [second] = await sms.one.window()
    await sms.one.ledger.window([Done(first, Sent("late"))], 0)
    assert sms.row().state == State.SENT
    await sms.one.ledger.window([Done(second, Doubt())], 0)
    assert (sms.row().state, sms.ids(first.id)) == (State.SENT, {"late"})


@pytest.mark.parametrize(
    ("mood", "state", "reason"),
    [
        ("accept", State.SENT, None),
        ("connect", State.PLANNED, Reason.TRANSIENT),
        ("rate:30", State.PLANNED, Reason.RATE_LIMITED),
        ("refuse", State.FAILED, Reason.PERMANENT_RECIPIENT),
        ("opted_out", State.SUPPRESSED, Reason.OPTED_OUT),
        ("lost", State.UNKNOWN, Reason.UNKNOWN_OUTCOME),
        ("reset", State.UNKNOWN, Reason.UNKNOWN_OUTCOME),
    ],
)
async def test_each_outcome_has_its_state(sms: World, mood: str, state: State, reason: Reason | None) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn(mood)
    assert (sms.row().state, sms.row().reason) == (state, reason)


async def test_a_platform_that_knows_a_stop_teaches_the_ledger(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn("opted_out")
    await sms.release(to=[ANNA], lineage="e" * 32)
    assert await sms.one.window() == []


async def test_who_has_no_number_today_has_not_said_stop(sms: World) -> None:
    """The phonebook is asked anew for every message: a number that could not be read may be back."""
    await sms.release(to=[ANNA])
    (job,) = await sms.one.window()
    sms.one.flying.clear()
    sms.one.finished.append(Done(job, Refused(Reason.OPTED_OUT)))  # as the pump says it
    await sms.one.window(0)
    assert sms.row().state == State.SUPPRESSED
    await sms.release(to=[ANNA], lineage="e" * 32)
    assert [job.target for job in await sms.one.window()] == [ANNA]


async def test_a_clock_that_was_ahead_puts_nothing_off(sms: World) -> None:
    """One failed connection while the clock was an hour ahead, which is then set right."""
    await sms.release(to=[ANNA])
    sms.clock.step_wall(3600)
    await sms.one.turn("connect")
    sms.clock.step_wall(-3600)
    assert [job.target for job in await sms.one.window()] == [ANNA]


async def test_no_row_waits_longer_than_the_longest_wait(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn("rate:5000")
    assert sms.row().due - sms.clock.now() == LONGEST
    assert await sms.one.window() == []
    sms.clock.pass_time(LONGEST.total_seconds())
    assert len(await sms.one.window()) == 1


async def test_backoff_grows_and_is_the_platforms_own_where_it_has_one(sms: World) -> None:
    await sms.release(to=[ANNA])
    waits = []
    for _ in range(9):
        assert await sms.one.turn("connect")
        assert await sms.one.window() == []
        waits.append((sms.row().due - sms.clock.now()).total_seconds())
        sms.clock.pass_time(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    await sms.one.turn("rate:7")
    assert (sms.row().due - sms.clock.now()).total_seconds() == 7


async def test_a_row_that_waits_starts_when_it_is_due(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn("rate:7")
    sms.clock.pass_time(6.9)
    assert await sms.one.window() == []
    sms.clock.pass_time(0.1)
    assert len(await sms.one.window()) == 1


async def test_what_was_sent_says_so_with_its_text_and_time(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    assert (job.text, job.ends, job.started) == (
        value.renditions[1].parts[0], value.expires, sms.clock.now()
    )  # fmt: skip
    assert value.renditions[1].channel is Channel.SMS
