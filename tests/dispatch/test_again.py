"""What people say again of a digest that the ledger knows: after a key was taken away, or where nobody was reached."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.broadcast import Broadcast
from schemas.words import BroadcastKind, Channel, Kind, Reason, State
from services.dispatch.gate import Done
from services.dispatch.port import Refused
from tests.dispatch.room import approved, room_of
from tests.dispatch.world import ANNA, BEN, CLEO, MARGIN, World
from tests.support import trust

POST = {Channel.X: {"en": ["Boil water"]}}
DAY = timedelta(days=1).total_seconds()
STOLEN = frozenset({"stolen"})


async def released_again(world: World, value: Broadcast, *, reach: int = 1000, keys: tuple[str, ...] = ("new",)) -> int:
    return await world.one.ledger.release(world.believed(value, reach=reach, keys=keys), 1, MARGIN)


# --- a signer's key is taken away, and others approve ---


async def test_what_others_approve_after_a_revocation_is_sent_to_the_rest(sms: World) -> None:
    value = await sms.release(to=[ANNA, BEN, CLEO], keys=("stolen", "other"))
    await sms.one.window(1)
    await sms.one.send()
    await sms.one.window(0)
    assert await sms.one.ledger.revoke(STOLEN) == 2
    before = {row.id: row.seq for row in sms.rows()}
    await released_again(sms, value, keys=("other", "new"))
    await sms.one.settle()
    assert set(sms.states().values()) == {State.SENT}
    assert max(sms.platform.counts().values()) == 1
    assert all(row.seq >= before[row.id] and row.reason is None for row in sms.rows())


@pytest.mark.parametrize("first", ["revocation", "release"])
async def test_the_order_of_topics_does_not_decide_who_is_told(sms: World, first: str) -> None:
    value = await sms.release(to=[ANNA], keys=("stolen",))
    if first == "revocation":
        await sms.one.ledger.revoke(STOLEN)
        await released_again(sms, value)
    else:
        await released_again(sms, value)
        await sms.one.ledger.revoke(STOLEN)
    await sms.one.settle()
    assert sms.states() == {ANNA: State.SENT}


async def test_a_post_that_others_approve_after_a_revocation_is_posted(x: World) -> None:
    value = await x.release(texts=POST, keys=("stolen",))
    await x.one.ledger.revoke(STOLEN)
    await released_again(x, value)
    await x.one.settle()
    assert x.platform.standing() == ["Boil water"]


async def test_the_same_release_once_more_starts_nothing_that_a_revocation_has_stopped(sms: World) -> None:
    """Kafka repeats records, and a process may not know of the revocation yet."""
    value = await sms.release(to=[ANNA], keys=("stolen",))
    await sms.one.ledger.revoke(STOLEN)
    await sms.process().ledger.release(sms.believed(value, keys=("stolen",)), 1, MARGIN)
    assert (sms.row().state, sms.row().reason) == (State.SUPPRESSED, Reason.REVOKED)


async def test_a_new_key_that_is_taken_away_too_stops_it_again(sms: World) -> None:
    value = await sms.release(to=[ANNA], keys=("stolen",))
    await sms.one.ledger.revoke(STOLEN)
    await released_again(sms, value)
    await sms.one.ledger.revoke(STOLEN | {"new"})
    assert (sms.row().state, sms.row().reason) == (State.SUPPRESSED, Reason.REVOKED)
    await released_again(sms, value, keys=("third",))
    await sms.one.settle()
    assert sms.row().state == State.SENT


async def test_the_old_release_once_more_and_then_the_new_one_leave_it_sent(sms: World) -> None:
    """Both records again, by a process that has not heard of the revocation, while another one sweeps."""
    value = await sms.release(to=[ANNA, BEN], keys=("stolen",))
    await sms.one.ledger.revoke(STOLEN)
    await released_again(sms, value)
    late = sms.process()
    await late.ledger.release(sms.believed(value, keys=("stolen",)), 1, MARGIN)
    await sms.one.sweep()
    await late.ledger.release(sms.believed(value, keys=("new",)), 1, MARGIN)
    await sms.one.settle()
    assert set(sms.states().values()) == {State.SENT}


async def test_the_new_release_after_a_crash_finds_it_as_it_was(sms: World) -> None:
    value = await sms.release(to=[ANNA], keys=("stolen",))
    await sms.one.ledger.revoke(STOLEN)
    await released_again(sms, value)
    sms.one.crash()
    await released_again(sms, value)
    await sms.one.settle()
    assert sms.platform.texts(ANNA) == [value.renditions[1].parts[0]]


async def test_what_was_said_no_to_meanwhile_does_not_start(sms: World) -> None:
    """A STOP, and a newer version: the new Release plans it, and the same rules forbid it."""
    value = await sms.release(to=[ANNA, BEN], keys=("stolen",))
    await sms.one.ledger.revoke(STOLEN)
    await sms.one.ledger.opt(ANNA, out=True)
    await released_again(sms, value)
    assert {row.target: (row.state, row.reason) for row in sms.rows()} == {
        ANNA: (State.SUPPRESSED, Reason.OPTED_OUT), BEN: (State.PLANNED, None)
    }  # fmt: skip
    await sms.one.ledger.revoke(STOLEN | {"new"})
    await sms.release(2, kind=BroadcastKind.UPDATE)
    await released_again(sms, value, keys=("third",))
    assert sms.row(BEN).state == State.SUPERSEDED


async def test_it_has_the_end_that_the_new_decision_gives_it(sms: World) -> None:
    soon = sms.clock.now() + timedelta(minutes=5)
    value = await sms.release(to=[ANNA], ends=soon, keys=("stolen",))
    await sms.one.ledger.revoke(STOLEN)
    sms.clock.pass_time(600)
    await released_again(sms, value)
    await sms.one.settle()
    assert (sms.row().state, sms.row().ends) == (State.SENT, value.expires)


async def test_who_was_shown_fewer_people_has_agreed_to_fewer(sms: World) -> None:
    """What is planned already is held against the reach that the new signers saw, as a new batch would be."""
    value = await sms.release(keys=("stolen",))
    await sms.one.ledger.batch(sms.batch(value, [ANNA], reach=1000), MARGIN)
    await sms.one.ledger.revoke(STOLEN)
    assert await released_again(sms, value, reach=10) == 1
    assert sms.row().state == State.SUPPRESSED
    assert await released_again(sms, value, reach=1000) == 0
    await sms.one.settle()
    assert sms.row().state == State.SENT


async def test_a_release_that_an_older_version_has_forgotten_is_sent_when_it_is_approved_once_more(sms: World) -> None:
    """That one noted the new keys and left the rows: the same people approve again, with a later end."""
    value = await sms.release(to=[ANNA], keys=("stolen",))
    await sms.one.ledger.revoke(STOLEN)
    forgotten = sms.row()
    await released_again(sms, value)
    sms.put(forgotten)
    await released_again(sms, value)
    assert sms.row().state == State.SUPPRESSED
    later = value.expires + timedelta(minutes=1)
    await sms.one.ledger.release(sms.believed(value, ends=later, keys=("new",)), 1, MARGIN)
    await sms.one.settle()
    assert sms.row().state == State.SENT


async def test_a_withdrawal_that_a_stolen_key_has_begun_is_taken_up_by_an_honest_one(sms: World) -> None:
    value = await sms.release(to=[ANNA], keys=("honest",))
    await sms.one.turn()
    await sms.withdraw(value, keys=("stolen",))
    await sms.one.sweep()
    await sms.one.ledger.revoke(STOLEN)
    await sms.one.settle()
    assert sms.row().state == State.SENT
    await sms.withdraw(value, keys=("honest",))
    await sms.one.settle()
    assert (sms.row().state, sms.row(kind=Kind.WITHDRAWAL).state) == (State.WITHDRAWN, State.SENT)
    assert len(sms.platform.texts(ANNA)) == 2


async def test_a_date_far_away_under_a_stolen_withdrawal_counts_for_nothing(sms: World) -> None:
    value = await sms.release(to=[ANNA], keys=("honest",))
    await sms.one.turn()
    far = sms.believed(value, ends=sms.clock.now() + timedelta(days=999), reach=None, keys=("stolen",))
    await sms.one.ledger.withdraw(far, 1)
    await sms.one.sweep()
    await sms.one.ledger.revoke(STOLEN)
    await sms.withdraw(value, keys=("honest",))
    assert sms.row(kind=Kind.WITHDRAWAL).ends == sms.clock.now() + timedelta(days=1)
    await sms.one.turn("refuse")
    sms.clock.pass_time(60)
    await sms.withdraw(value, keys=("honest",))
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN


async def test_a_deletion_that_a_stolen_key_has_begun_is_taken_up_too(x: World) -> None:
    value = await x.release(texts=POST, keys=("honest",))
    await x.one.turn()
    await x.withdraw(value, keys=("stolen",))
    await x.one.sweep()
    await x.one.ledger.revoke(STOLEN)
    await x.one.settle()
    assert x.platform.standing() == ["Boil water"]
    await x.withdraw(value, keys=("honest",))
    await x.one.settle()
    assert x.platform.standing() == ["Disregard: Boil water"]


async def test_a_cancel_is_taken_up_after_a_revocation_however_long_that_took(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    cancel = await sms.cancel(2, keys=("stolen",))
    await sms.one.sweep()
    await sms.one.ledger.revoke(STOLEN)
    sms.clock.pass_time(DAY + 60)
    await sms.one.settle()
    assert sms.row().state == State.SENT
    await released_again(sms, cancel)
    await sms.one.settle()
    assert (sms.row().state, sms.row(kind=Kind.CANCEL).state) == (State.WITHDRAWN, State.SENT)


async def test_from_end_to_end_the_second_officers_release_reaches_everybody(sms: World, tmp_path: Path) -> None:
    """By signed records, as a dispatcher gets them."""
    room = room_of(sms, tmp_path)
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA, BEN]))
    await room.service.trust(trust.revocation("officer-1", "officer-1"))
    assert set(sms.states().values()) == {State.SUPPRESSED}
    await room.service.release(approved(found, "officer-1"))
    assert set(sms.states().values()) == {State.SUPPRESSED}
    await room.service.release(approved(found, "officer-2"))
    await sms.one.settle()
    assert set(sms.states().values()) == {State.SENT}
    assert room.refused() == {"revoked": 1}


# --- a withdrawal that came to nothing, said again ---


async def test_whom_a_withdrawal_that_expired_has_not_reached_the_next_one_does(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.sweep()
    sms.clock.pass_time(DAY + 1)
    await sms.one.settle()
    assert sms.row(kind=Kind.WITHDRAWAL).state == State.EXPIRED
    await sms.withdraw(value)
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN
    assert sorted(row.state for row in sms.rows(kind=Kind.WITHDRAWAL)) == [State.EXPIRED, State.SENT]


async def test_a_withdrawal_after_a_day_in_which_nothing_could_be_taken_back_counts_from_now(sms: World) -> None:
    """In doubt for all that time, because the list could not be read."""
    value = await sms.release(to=[ANNA])
    await sms.one.turn("reset")
    sms.platform.look_up_fails = True
    await sms.withdraw(value)
    sms.clock.pass_time(DAY + 1)
    sms.platform.look_up_fails = False
    for _ in range(2):
        await sms.one.settle()
        sms.clock.pass_time(sms.platform.bounds.quarantine + 1)
    assert (sms.row().state, sms.rows(kind=Kind.WITHDRAWAL)) == (State.SENT, [])
    await sms.withdraw(value)
    await sms.one.settle()
    assert sms.row().state == State.WITHDRAWN


@pytest.mark.parametrize("how", ["refused", "undelivered"])
async def test_only_whom_the_first_take_back_has_not_reached_gets_the_second(sms: World, how: str) -> None:
    value = await sms.release(to=[ANNA, BEN])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.sweep()
    for job in await sms.one.window():
        await sms.one.send(job, mood="refuse" if how == "refused" and job.target == ANNA else "accept")
    await sms.one.window(0)
    if how == "undelivered":
        await sms.receipts(sms.report(sms.row(ANNA, Kind.WITHDRAWAL), "undelivered", 30003))
    await sms.one.settle()
    sms.clock.pass_time(60)
    for _ in range(2):  # and Kafka's repeat of it
        await sms.one.ledger.withdraw(sms.believed(value, ends=sms.clock.now() + timedelta(days=1), reach=None), 1)
        await sms.one.settle()
    assert sms.states() == {ANNA: State.WITHDRAWN, BEN: State.WITHDRAWN}
    heard = {target: [row.state for row in sms.rows(kind=Kind.WITHDRAWAL, target=target)] for target in (ANNA, BEN)}
    assert (sorted(heard[ANNA]), heard[BEN]) == ([State.FAILED, State.SENT], [State.SENT])


@pytest.mark.parametrize("hand", ["same", "other"])
async def test_the_repeat_of_a_withdrawal_begins_nothing_anew(sms: World, hand: str) -> None:
    """Nor does the older of two, which a process that is new reads later, whoever has signed it."""
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    first = sms.believed(value, ends=sms.clock.now() + timedelta(days=1), reach=None, keys=("same",))
    await sms.one.ledger.withdraw(first, 1)
    await sms.one.sweep()
    await sms.one.turn("refuse")
    sms.clock.pass_time(60)
    second = sms.believed(value, ends=sms.clock.now() + timedelta(days=1), reach=None, keys=(hand,))
    await sms.one.ledger.withdraw(second, 1)
    await sms.one.sweep()
    await sms.one.turn("refuse")
    late = sms.process()
    for said in (first, second, first, second):
        await late.ledger.withdraw(said, 1)
        await sms.one.settle()
    assert [row.state for row in sms.rows(kind=Kind.WITHDRAWAL)] == [State.FAILED, State.FAILED]


async def test_from_end_to_end_a_second_withdrawal_reaches_whom_the_first_has_not(sms: World, tmp_path: Path) -> None:
    """By signed records; Kafka gives both once more."""
    room = room_of(sms, tmp_path)
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA, BEN]))
    await sms.one.turn()
    await room.service.stop(first := trust.stop(found))
    await sms.one.sweep()
    await sms.one.turn("refuse")
    sms.clock.pass_time(60)
    second = trust.stop(found, person="officer-2", issued=sms.clock.now())
    for record in (second, first, second):
        await room.service.stop(record)
        await sms.one.settle()
    assert set(sms.states().values()) == {State.WITHDRAWN}
    assert {target: len(sms.platform.texts(target)) for target in (ANNA, BEN)} == {ANNA: 2, BEN: 2}


async def test_who_may_have_the_take_back_or_has_said_stop_gets_no_second(sms: World) -> None:
    process = sms.process(patience_s=0)
    value = await sms.release(to=[ANNA, BEN])
    await process.turn()
    await process.ledger.opt(BEN, out=True)
    await sms.withdraw(value)
    await process.sweep()
    sms.platform.look_up_fails = True
    await process.turn("reset")
    await process.sweep()
    sms.clock.pass_time(121)
    await process.sweep()
    sms.platform.look_up_fails = False
    assert sms.states(Kind.WITHDRAWAL) == {ANNA: State.UNRESOLVED, BEN: State.SUPPRESSED}
    await sms.withdraw(value)
    await process.settle()
    assert sms.states(Kind.WITHDRAWAL) == {ANNA: State.UNRESOLVED, BEN: State.SUPPRESSED}
    assert len(sms.platform.texts(ANNA)) == 2


async def test_a_post_whose_deletion_failed_is_deleted_by_the_next_withdrawal(x: World) -> None:
    value = await x.release(texts=POST)
    await x.one.turn()
    await x.withdraw(value)
    await x.one.sweep()
    for job in await x.one.window():
        if job.kind is Kind.DELETION:
            x.one.flying.pop(job.id)
            x.one.finished.append(Done(job, Refused(Reason.FORBIDDEN_CAPABILITY)))
        else:
            await x.one.send(job)
    await x.one.window(0)
    await x.one.settle()
    assert x.platform.standing() == ["Boil water", "Disregard: Boil water"]
    for _ in range(2):
        x.clock.pass_time(60)
        await x.withdraw(value)
        await x.one.settle()
    assert x.platform.standing() == ["Disregard: Boil water"]
    assert sorted(row.state for row in x.rows(kind=Kind.DELETION)) == [State.FAILED, State.SENT]


async def test_a_withdrawal_that_a_newer_version_has_overtaken_takes_nothing_back_from_it(sms: World) -> None:
    value = await sms.release(1, to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.sweep()
    await sms.one.turn("refuse")
    await sms.release(2, kind=BroadcastKind.UPDATE, to=[ANNA])
    await sms.one.settle()
    sms.clock.pass_time(60)
    await sms.withdraw(value)
    await sms.one.settle()
    assert sms.row(kind=Kind.UPDATE).state == State.SENT
    assert len(sms.platform.texts(ANNA)) == 2
