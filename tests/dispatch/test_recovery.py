"""Doubt is waited out by a clock that cannot step, then looked up; and what a look-up may and may not say."""

import pytest

from schemas.words import Reason, Severity, State
from services.dispatch.port import LookUp, Sent
from services.dispatch.recovery import Attempt, Quarantine
from tests.dispatch.fakes import START
from tests.dispatch.world import ANNA, BEN, Process, World

Q = 120.0


async def doubt(world: World, mood: str = "lost", severity: Severity = Severity.SEVERE) -> Process:
    """One text in doubt, seen by a process."""
    await world.release(to=[ANNA], severity=severity)
    await world.one.turn(mood)
    await world.one.sweep()
    return world.one


async def test_what_is_refused_as_a_duplicate_and_stands_nowhere_is_not_tried_for_ever(sms: World) -> None:
    process = await doubt(sms, "alike")
    sms.clock.pass_time(Q + 1)
    await process.sweep()
    assert (sms.row().state, sms.row().reason, sms.alarms()) == (State.FAILED, Reason.DUPLICATE, ["reads_alike"])


# --- the quarantine ---


async def test_before_the_quarantine_is_over_nothing_is_looked_up(sms: World) -> None:
    process = await doubt(sms)
    sms.clock.pass_time(Q)
    await process.sweep()
    assert (sms.platform.looked, sms.row().state) == ([], State.UNKNOWN)
    sms.clock.pass_time(0.1)
    await process.sweep()
    assert (len(sms.platform.looked), sms.row().state) == (1, State.PLANNED)


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_step_of_the_wall_clock_neither_ends_nor_prolongs_it(sms: World, step: float) -> None:
    process = await doubt(sms)
    sms.clock.step_wall(step)
    sms.clock.pass_time(Q)
    await process.sweep()
    assert sms.platform.looked == []
    sms.clock.pass_time(1)
    await process.sweep()
    assert len(sms.platform.looked) == 1


async def test_a_restart_begins_it_anew(sms: World) -> None:
    process = await doubt(sms)
    sms.clock.pass_time(Q - 1)
    process = process.crash()
    await process.sweep()
    sms.clock.pass_time(Q)
    await process.sweep()
    assert sms.platform.looked == []
    sms.clock.pass_time(1)
    await process.sweep()
    assert len(sms.platform.looked) == 1


async def test_a_new_attempt_begins_it_anew(sms: World) -> None:
    process = await doubt(sms)
    sms.clock.pass_time(Q + 1)
    await process.sweep()
    await process.turn("lost")
    await process.sweep()
    sms.clock.pass_time(Q)
    await process.sweep()
    assert (len(sms.platform.looked), sms.row().attempt, sms.row().state) == (1, 2, State.UNKNOWN)


async def test_what_a_living_process_sends_is_not_its_own_doubt(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.window()
    await sms.one.sweep()
    sms.clock.pass_time(Q + 1)
    await sms.one.sweep()
    assert (sms.platform.looked, sms.row().state) == ([], State.SENDING)


async def test_the_rows_of_a_dead_window_are_late_not_lost(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    await sms.one.window()
    process = sms.one.crash()
    assert await process.window() == []
    await process.sweep()
    sms.clock.pass_time(Q + 1)
    await process.settle()
    assert set(sms.states().values()) == {State.SENT}
    assert set(sms.platform.counts().values()) == {1}


async def test_two_processes_watch_each_with_its_own_eyes(sms: World) -> None:
    await sms.release(to=[ANNA])
    first, second = sms.one, sms.process()
    await first.turn("reset")
    await first.sweep()
    sms.clock.pass_time(60)
    await second.sweep()
    sms.clock.pass_time(61)
    await second.sweep()
    assert sms.platform.looked == []
    await first.sweep()
    assert sms.row().state == State.SENT
    await second.sweep()
    assert len(sms.platform.looked) == 1


async def test_a_stalled_owner_may_not_start_what_another_has_settled(sms: World) -> None:
    await sms.release(to=[ANNA])
    stalled, other = sms.one, sms.process()
    [job] = await stalled.window()
    await other.sweep()
    sms.clock.pass_time(Q + 1)
    await other.sweep()
    await other.turn()
    await stalled.send(job)
    await stalled.window(0)
    assert sms.platform.texts(ANNA) == [job.text]
    assert sms.row().state == State.SENT


async def test_a_look_up_of_an_attempt_that_is_over_says_nothing_of_the_next(sms: World) -> None:
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.send(mood="connect")
    await sms.one.window(0)
    sms.clock.pass_time(2)
    await sms.one.window()
    await sms.one.ledger.recovered({Attempt(job.id, 1): LookUp(complete=True)}, [])
    assert (sms.row().state, sms.row().attempt) == (State.SENDING, 2)


# --- what is found, and what is not ---


async def test_what_is_found_is_sent_and_never_sent_again(sms: World) -> None:
    process = await doubt(sms, "reset")
    sms.clock.pass_time(Q + 1)
    await process.settle()
    assert (sms.row().state, len(sms.platform.messages)) == (State.SENT, 1)
    assert sms.ids(sms.row().id) == {"M0"}


async def test_what_is_not_there_is_planned_and_sent(sms: World) -> None:
    process = await doubt(sms)
    sms.clock.pass_time(Q + 1)
    await process.sweep()
    assert (sms.row().state, sms.row().reason) == (State.PLANNED, Reason.UNKNOWN_OUTCOME)
    await process.turn()
    assert (sms.row().state, len(sms.platform.messages)) == (State.SENT, 1)


async def test_a_platform_that_shows_late_but_within_its_bound_is_waited_for(sms: World) -> None:
    process = await doubt(sms)
    sms.platform.accept(f"+{ANNA}", (await process.ledger.doubtful())[0].text, lag=sms.platform.bounds.visible)
    sms.clock.pass_time(Q + 1)
    await process.settle()
    assert len(sms.platform.messages) == 1


async def test_a_platform_that_shows_later_than_its_bound_doubles_and_it_is_seen(sms: World) -> None:
    """The inequality is what protects: without it, this test's platform makes a double."""
    await sms.release(to=[ANNA])
    [job] = await sms.one.window()
    await sms.one.send()
    sms.platform.messages[0].visible = sms.platform.messages[0].visible.replace(hour=13)
    process = sms.one.crash()
    await process.sweep()
    sms.clock.pass_time(Q + 1)
    await process.settle()
    assert len(sms.platform.texts(ANNA)) == 2
    sms.clock.pass_time(3600)
    await process.ledger.recovered(
        {Attempt(job.id, 2): (await sms.platform.look_up([job], {ANNA: f"+{ANNA}"}))[job.id]}, []
    )
    assert await process.ledger.counter("duplicates_detected") == 1


async def test_below_the_mark_what_is_not_there_stays_back(sms: World) -> None:
    process = await doubt(sms)
    await sms.withdraw(sms.broadcast(now=sms.clock.now().replace(microsecond=0)))
    sms.clock.pass_time(Q + 1)
    await process.settle()
    assert (sms.row().state, sms.platform.messages) == (State.SUPERSEDED, [])


async def test_who_said_stop_meanwhile_is_suppressed(sms: World) -> None:
    process = await doubt(sms)
    await process.ledger.opt(ANNA, out=True)
    sms.clock.pass_time(Q + 1)
    await process.settle()
    assert (sms.row().state, sms.row().reason) == (State.SUPPRESSED, Reason.OPTED_OUT)


async def test_one_message_on_the_list_is_only_one_deliverys(sms: World) -> None:
    """Two deliveries that read alike: what another has is no proof of mine."""
    await sms.release(to=[ANNA])
    await sms.one.turn()
    taken = sms.platform.messages[0]
    await sms.release(to=[ANNA], lineage="e" * 32)
    await sms.one.turn("lost")
    row = next(row for row in sms.rows() if row.lineage == "e" * 32)
    await sms.one.ledger.recovered(
        {Attempt(row.id, row.attempt): LookUp(complete=True, found=(Sent(taken.id, taken.created),))}, []
    )
    assert sms.ids(row.id) == set()
    assert next(row for row in sms.rows() if row.lineage == "e" * 32).state == State.PLANNED


# --- a look-up that fails ---


async def test_a_failing_look_up_proves_nothing(sms: World) -> None:
    process = await doubt(sms, "reset")
    sms.platform.look_up_fails = True
    sms.clock.pass_time(Q + 1)
    await process.sweep()
    assert sms.row().state == State.UNKNOWN
    sms.platform.look_up_fails = False
    await process.sweep()
    assert (sms.row().state, len(sms.platform.messages)) == (State.SENT, 1)


async def test_a_look_up_cut_short_proves_nothing_but_what_it_found(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    for job in await sms.one.window():
        await sms.one.send(job, mood="lost")
    await sms.one.window(0)
    anna, ben = (Attempt(sms.row(target).id, 1) for target in (ANNA, BEN))
    cut = {anna: LookUp(complete=False), ben: LookUp(complete=False, found=(Sent("M7"),))}
    await sms.one.ledger.recovered(cut, [])
    assert sms.states() == {ANNA: State.UNKNOWN, BEN: State.SENT}


async def test_after_patience_a_person_is_told_and_nothing_is_sent_again(sms: World) -> None:
    process = await doubt(sms, "reset")
    sms.platform.look_up_fails = True
    sms.clock.pass_time(Q + 1)
    await process.sweep()
    sms.clock.pass_time(599)
    await process.sweep()
    assert sms.row().state == State.UNKNOWN
    sms.clock.pass_time(1)
    await process.sweep()
    assert (sms.row().state, sms.alarms()) == (State.UNRESOLVED, ["unresolved"])
    sms.platform.look_up_fails = False
    await process.settle()
    assert len(sms.platform.messages) == 1


async def test_late_evidence_settles_the_unresolved(sms: World) -> None:
    process = await doubt(sms, "reset")
    sms.platform.look_up_fails = True
    for seconds in (Q + 1, 600):
        sms.clock.pass_time(seconds)
        await process.sweep()
    await sms.receipts(sms.receipt(sms.row().id, "delivered", "M0"))
    assert sms.row().state == State.DELIVERED


async def test_extreme_is_sent_again_and_its_double_is_counted(sms: World) -> None:
    process = await doubt(sms, "reset", severity=Severity.EXTREME)
    sms.platform.look_up_fails = True
    for seconds in (Q + 1, 600):
        sms.clock.pass_time(seconds)
        await process.sweep()
    await process.turn()
    assert (sms.row().state, len(sms.platform.messages)) == (State.SENT, 2)
    await sms.receipts(sms.receipt(sms.row().id, "delivered", "M0"))
    assert (await process.ledger.counter("duplicates_detected"), sms.alarms()) == (1, ["duplicate"])


async def sent_again(world: World, mood: str) -> Process:
    """An Extreme text whose look-up keeps failing, about to be sent again."""
    process = await doubt(world, mood, Severity.EXTREME)
    world.platform.look_up_fails = True
    for seconds in (Q + 1, 600):
        world.clock.pass_time(seconds)
        await process.sweep()
    assert world.row().state == State.PLANNED
    return process


@pytest.mark.parametrize("why", ["withdrawn", "stopped", "expired"])
async def test_what_may_have_arrived_is_never_called_not_sent(sms: World, why: str) -> None:
    """Sent again by policy, but then it may not start any more: the first attempt may still stand on the phone."""
    process = await sent_again(sms, "reset")
    if why == "withdrawn":
        value = sms.broadcast(severity=Severity.EXTREME, now=START)
        await sms.withdraw(value)
    elif why == "stopped":
        await process.ledger.opt(ANNA, out=True)
    else:
        sms.clock.pass_time(7 * 3600)
    await process.settle()
    assert sms.row().state == (State.WITHDRAWN if why == "withdrawn" else State.UNRESOLVED)
    assert sms.alarms() == ["unresolved"]
    assert len(sms.platform.texts(ANNA)) == (2 if why == "withdrawn" else 1)


async def test_a_refusal_of_the_second_attempt_says_nothing_of_the_first(sms: World) -> None:
    process = await sent_again(sms, "reset")
    await process.turn("refuse")
    assert sms.row().state == State.UNKNOWN
    sms.platform.look_up_fails = False
    await process.sweep()
    sms.clock.pass_time(Q + 1)
    await process.settle()
    assert (sms.row().state, len(sms.platform.messages)) == (State.SENT, 1)


async def test_a_whole_look_up_ends_the_maybe(sms: World) -> None:
    process = await sent_again(sms, "lost")
    await process.turn("lost")
    sms.platform.look_up_fails = False
    await process.sweep()
    sms.clock.pass_time(Q + 1)
    await process.sweep()
    await process.turn("refuse")
    assert sms.row().state == State.FAILED


async def test_without_look_up_doubt_is_left_to_receipts(sms: World) -> None:
    process = sms.process(look_up=False)
    await sms.release(to=[ANNA, BEN])
    await process.turn("reset")
    await process.sweep()
    sms.clock.pass_time(Q + 1)
    await process.sweep()
    name = sms.row(ANNA).id
    await sms.receipts(sms.receipt(name, "sent", "M0"))
    sms.clock.pass_time(600)
    await process.sweep()
    assert sms.platform.looked == []
    assert sms.row(ANNA).state == State.SENT


# --- the quarantine by itself ---


def test_what_is_no_longer_in_doubt_is_forgotten() -> None:
    quarantine, one = Quarantine(10, 5), Attempt("a", 1)
    quarantine.observe([one], 0)
    quarantine.observe([], 5)
    assert quarantine.observe([one], 11) == []
    assert quarantine.oldest(11) == 0
    assert quarantine.observe([one], 22) == [one]
    assert quarantine.oldest(22) == 11


def test_patience_counts_from_the_first_failure_of_one_attempt() -> None:
    quarantine, one = Quarantine(10, 5), Attempt("a", 1)
    quarantine.observe([one], 0)
    assert [quarantine.failed(one, at) for at in (20, 24.9, 25)] == [False, False, True]
    assert quarantine.failed(Attempt("a", 2), 99) is False
