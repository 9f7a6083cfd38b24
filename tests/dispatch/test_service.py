"""A dispatcher believes nothing that it has not verified itself; what it refuses is counted and plans nothing."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.audience import Reply
from schemas.delivery import Receipts
from schemas.release import Release
from schemas.trust import Person
from schemas.words import BroadcastKind, Channel, DecisionWord, Grade, Kind, Realm, Reason, ReplyWord, Severity, State
from services.dispatch.service import Dispatch
from services.dispatch.tables import delivery, release
from services.runtime.keeper import Keeper
from services.runtime.settings import SharedSettings
from tests.dispatch.room import Room, approved, reason_of, room_of
from tests.dispatch.world import ANNA, BEN, World
from tests.support import trust


@pytest.fixture
def room(sms: World, tmp_path: Path) -> Room:
    return room_of(sms, tmp_path)


async def test_a_release_and_its_batch_are_believed_and_planned(room: Room) -> None:
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA, BEN]))
    assert room.world.states() == {ANNA: State.PLANNED, BEN: State.PLANNED}
    assert (room.refused(), len(room.woken)) == ({}, 2)


# --- every refusal of the Bars ---


def one_byte_changed() -> Release:
    record = approved(trust.broadcast(), "officer-1")
    return record.model_copy(update={"broadcast": record.broadcast.replace("Boil water.", "Boil wafer.", 1)})


def a_signature_missing() -> Release:
    return approved(trust.broadcast(Severity.EXTREME), "officer-1")


def a_signature_of_somebody_else() -> Release:
    found = trust.broadcast()
    return trust.release(found, trust.decision(found, "officer-1", hand="officer-2", reach=100))


def without_the_role() -> Release:
    found = trust.broadcast()
    return trust.release(found, trust.decision(found, "clerk-1", role="officer", reach=100))


def the_engine_above_its_ceiling() -> Release:
    found = trust.broadcast(Severity.SEVERE)
    return trust.release(found, trust.engine_decision(found, reach=100))


def the_engine_on_a_held_alert() -> Release:
    found = trust.broadcast(Severity.MINOR, grade=Grade.HOLD)
    return trust.release(found, trust.engine_decision(found, reach=100))


def an_expired_alert() -> Release:
    return approved(trust.broadcast(expires=trust.NOW - timedelta(seconds=1)), "officer-1")


def an_expired_signature() -> Release:
    return approved(
        trust.broadcast(), "officer-1", issued=trust.NOW - timedelta(hours=2), expires=trust.NOW - timedelta(hours=1)
    )


def replayed_for_another_digest() -> Release:
    said = trust.decision(trust.broadcast(headline="An earlier one"), "officer-1", reach=100)
    return trust.release(trust.broadcast(), said)


def of_the_other_realm() -> Release:
    found = trust.broadcast(realm=Realm.DRILL)
    return trust.release(found, trust.decision(found, "officer-1", realm=Realm.DRILL, reach=100))


def by_its_author() -> Release:
    return approved(trust.broadcast(authors=("officer-1",)), "officer-1")


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (one_byte_changed, "digest"),
        (a_signature_missing, "quorum"),
        (a_signature_of_somebody_else, "key"),
        (without_the_role, "role"),
        (the_engine_above_its_ceiling, "ceiling"),
        (the_engine_on_a_held_alert, "held"),
        (an_expired_alert, "expired"),
        (an_expired_signature, "signature_expired"),
        (replayed_for_another_digest, "other_digest"),
        (of_the_other_realm, "realm"),
        (by_its_author, "author"),
    ],
)
async def test_a_release_that_cannot_be_believed(room: Room, make: Callable[[], Release], rule: str) -> None:
    await room.service.release(make())
    assert room.refused() == {rule: 1}
    assert room.nothing_planned()
    assert room.woken == []
    await room.world.one.settle()
    assert room.world.platform.messages == []


async def test_a_batch_with_one_id_added(room: Room) -> None:
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    record = trust.batch(found, [ANNA])
    wider = record.statement.model_copy(update={"subscribers": (ANNA, BEN)})
    await room.service.batch(record.model_copy(update={"statement": wider}))
    assert (room.refused(), room.world.states()) == ({"signature": 1}, {})


@pytest.mark.parametrize("hand", ["stranger", "approve", "officer-1"])
async def test_a_batch_that_audience_did_not_sign(room: Room, hand: str) -> None:
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA], hand=hand))
    assert (room.refused(), room.world.states()) == ({"key": 1}, {})


async def test_a_batch_of_more_people_than_the_signers_saw(room: Room) -> None:
    found = trust.broadcast()
    said = trust.decision(found, "officer-1", reach=1)
    await room.service.release(trust.release(found, said))
    await room.service.batch(trust.batch(found, [ANNA, BEN]))
    assert (room.refused(), room.world.states()) == ({"reach": 1}, {})


async def test_a_batch_of_more_people_that_came_before_its_release(room: Room) -> None:
    found = trust.broadcast()
    await room.service.batch(trust.batch(found, [ANNA, BEN]))
    await room.service.release(trust.release(found, trust.decision(found, "officer-1", reach=1)))
    assert (room.refused(), room.world.states()) == ({"reach": 1}, {})


async def test_a_batch_without_any_release_sends_nothing(room: Room) -> None:
    await room.service.batch(trust.batch(trust.broadcast(), [ANNA]))
    await room.world.one.settle()
    assert (room.world.rows(), room.world.platform.messages) == ([], [])


async def test_an_update_needs_the_quorum_of_what_it_follows(room: Room) -> None:
    await room.service.release(approved(trust.broadcast(Severity.EXTREME), "officer-1", "officer-2"))
    update = trust.broadcast(Severity.MINOR, version=2, kind=BroadcastKind.UPDATE)
    await room.service.release(approved(update, "officer-1"))
    assert room.refused() == {"quorum": 1}
    await room.service.release(approved(update, "officer-1", "officer-2"))
    assert room.refused() == {"quorum": 1}
    assert len(room.world.query(sa.select(release))) == 2


async def test_after_the_grave_one_was_withdrawn_a_minor_one_may_follow_as_policy_says(room: Room) -> None:
    grave = trust.broadcast(Severity.EXTREME)
    await room.service.release(approved(grave, "officer-1", "officer-2"))
    await room.service.stop(trust.stop(grave))
    minor = trust.broadcast(Severity.MINOR, version=2, kind=BroadcastKind.UPDATE)
    await room.service.release(trust.release(minor, trust.engine_decision(minor, reach=100)))
    assert room.refused() == {}


async def test_without_a_bundle_nobody_is_believed(sms: World, tmp_path: Path, room: Room) -> None:
    room.service._keeper = Keeper(SharedSettings(data=tmp_path / "new", realm=Realm.LIVE), "dispatch/sms")
    await room.service.release(approved(trust.broadcast(), "officer-1"))
    await room.service.stop(trust.stop(trust.broadcast()))
    await room.service.batch(trust.batch(trust.broadcast(), [ANNA]))
    assert room.refused() == {"no_bundle": 3}
    assert room.nothing_planned()


# --- stops ---


async def test_a_withdrawal_by_one_person_takes_back(room: Room) -> None:
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA]))
    await room.world.one.turn()
    await room.service.stop(trust.stop(found))
    await room.world.one.settle()
    assert room.world.platform.texts(ANNA) == ["Boil water.", "Disregard."]


async def test_a_pause_and_its_end(room: Room) -> None:
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA]))
    await room.service.stop(trust.stop(found, DecisionWord.PAUSE))
    assert await room.world.one.window() == []
    await room.service.stop(trust.stop(found, DecisionWord.RESUME))
    assert len(await room.world.one.window()) == 1


def stop_of_another_digest() -> Any:
    return trust.stop(trust.broadcast(), digest="sha256:" + "0" * 64)


def stop_without_the_role() -> Any:
    return trust.stop(trust.broadcast(), person="clerk-1")


def stop_that_approves() -> Any:
    return trust.stop(trust.broadcast(), DecisionWord.APPROVE)


def stop_with_a_byte_changed() -> Any:
    record = trust.stop(trust.broadcast())
    return record.model_copy(update={"broadcast": record.broadcast.replace("Disregard", "Disdegard")})


def stop_that_has_run_out() -> Any:
    return trust.stop(trust.broadcast(), issued=trust.NOW - timedelta(days=2))


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (stop_of_another_digest, "other_digest"),
        (stop_without_the_role, "role"),
        (stop_that_approves, "word"),
        (stop_with_a_byte_changed, "digest"),
        (stop_that_has_run_out, "signature_expired"),
    ],
)
async def test_a_stop_that_cannot_be_believed(room: Room, make: Callable[[], Any], rule: str) -> None:
    await room.service.stop(make())
    assert room.refused() == {rule: 1}
    assert room.nothing_planned()


# --- trust that changes ---


async def planned_by(room: Room, person: str) -> None:
    found = trust.broadcast()
    await room.service.release(approved(found, person))
    await room.service.batch(trust.batch(found, [ANNA]))


async def test_a_revoked_signers_texts_do_not_start(room: Room) -> None:
    await planned_by(room, "officer-1")
    await room.service.trust(trust.revocation("officer-1", "officer-1"))
    assert (room.world.row().state, room.world.row().reason) == (State.SUPPRESSED, Reason.REVOKED)


async def test_a_revocation_that_came_before_its_administrator_counts_when_the_bundle_comes(room: Room) -> None:
    early = trust.revocation("officer-1", "admin-3")
    await planned_by(room, "officer-1")
    await room.service.trust(early)
    assert room.world.row().state == State.PLANNED
    admins = (*trust.statement().administrators, Person(id="admin-3", roles=(), keys=(trust.key("admin-3"),)))
    await room.service.trust(trust.signed_bundle(trust.statement(serial=2, administrators=admins)))
    assert room.world.row().state == State.SUPPRESSED


async def test_after_a_restart_a_batch_of_a_revoked_signer_still_does_not_start(room: Room) -> None:
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.trust(trust.revocation("officer-1", "officer-1"))
    process = room.world.one.crash()
    again = Dispatch(
        channel=Channel.SMS, realm=Realm.LIVE, ledger=process.ledger, keeper=room.keeper, clock=room.world.clock,
        metrics=process.metrics, room_metrics=room.metrics, alarms=process.alarms, wake=lambda: None,
        follow=lambda: None, reason_of=reason_of, sandbox=False,
    )  # fmt: skip
    await again.batch(trust.batch(found, [ANNA]))
    assert room.world.row().state == State.SUPPRESSED


# --- topics have no common order ---


async def test_a_release_that_comes_before_its_signers_bundle_waits_for_it(room: Room) -> None:
    found = trust.broadcast()
    people = {name: roles for name, roles in trust.ROLES.items() if name != "officer-1"}
    without = tuple(Person(id=name, roles=roles, keys=(trust.key(name),)) for name, roles in people.items())
    await room.service.trust(trust.signed_bundle(trust.statement(2, people=without)))
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA]))
    assert room.refused() == {"person": 1}
    assert room.world.query(sa.select(delivery)) == []
    await room.service.trust(trust.signed_bundle(trust.statement(3)))
    assert room.world.states() == {ANNA: State.PLANNED}


async def test_a_batch_that_overtakes_the_release_with_its_reach_waits_for_it(room: Room) -> None:
    """The first Release named no reach; audience waited for one that did, and its batch came before that one."""
    found = trust.broadcast()
    await room.service.release(trust.release(found, trust.decision(found, "officer-1", reach=None)))
    await room.service.batch(trust.batch(found, [ANNA]))
    assert (room.refused(), room.world.query(sa.select(delivery))) == ({"reach": 1}, [])
    await room.service.release(approved(found, "officer-1"))
    assert room.world.states() == {ANNA: State.PLANNED}


async def test_a_release_that_overtakes_its_predecessors_withdrawal_waits_for_it(room: Room) -> None:
    """Held against an alert that is live as far as this room knows, it needs more people than have signed."""
    grave = trust.broadcast(Severity.EXTREME)
    await room.service.release(approved(grave, "officer-1", "officer-2"))
    minor = trust.broadcast(Severity.MINOR, version=2, kind=BroadcastKind.UPDATE)
    await room.service.release(approved(minor, "officer-1"))
    await room.service.batch(trust.batch(minor, [ANNA]))
    assert (room.refused(), room.world.rows()) == ({"quorum": 1}, [])
    await room.service.stop(trust.stop(grave))
    assert room.world.states(Kind.UPDATE) == {ANNA: State.PLANNED}
    assert await room.world.one.ledger.doubts() == []


async def test_what_both_wait_for_the_same_bundle_is_judged_stops_first(room: Room) -> None:
    await room.service.release(approved(grave := trust.broadcast(Severity.EXTREME), "officer-1", "officer-2"))
    without = tuple(person for person in trust.statement().people if person.id != "officer-1")
    await room.service.trust(trust.signed_bundle(trust.statement(2, people=without)))
    minor = trust.broadcast(Severity.MINOR, version=2, kind=BroadcastKind.UPDATE)
    await room.service.release(approved(minor, "officer-1"))
    await room.service.stop(trust.stop(grave, person="officer-1"))
    await room.service.batch(trust.batch(minor, [ANNA]))
    assert room.world.rows() == []
    await room.service.trust(trust.signed_bundle(trust.statement(3)))
    assert room.world.states(Kind.UPDATE) == {ANNA: State.PLANNED}


async def test_a_withdrawal_judges_nothing_of_other_lineages(room: Room) -> None:
    await room.service.release(approved(trust.broadcast(Severity.EXTREME, lineage="m" * 64), "officer-1"))
    before = room.refused()
    found = trust.broadcast()
    await room.service.release(approved(found, "officer-1"))
    await room.service.stop(trust.stop(found))
    assert room.refused() == before


async def test_what_is_wrong_in_itself_is_not_kept(room: Room) -> None:
    await room.service.release(one_byte_changed())
    assert await room.world.one.ledger.doubts() == []


# --- receipts and replies ---


def receipts(room: Room, status: str, channel: Channel = Channel.SMS) -> Receipts:
    report = room.world.receipt(room.world.row().id, status, "M0", 30003 if status == "undelivered" else None)
    return Receipts(realm=Realm.LIVE, channel=channel, reports=(report,))


async def test_reports_of_this_channel_are_applied_with_their_reason(room: Room) -> None:
    await planned_by(room, "officer-1")
    await room.world.one.turn()
    await room.service.receipts(receipts(room, "undelivered", Channel.X))
    assert room.world.row().state == State.SENT
    await room.service.receipts(receipts(room, "undelivered"))
    assert (room.world.row().state, room.world.row().reason) == (State.FAILED, Reason.PERMANENT_RECIPIENT)


async def test_a_stop_by_text_is_kept_and_a_start_ends_it(room: Room) -> None:
    def reply(word: ReplyWord) -> Awaitable[None]:
        record = Reply(
            realm=Realm.LIVE, channel=Channel.SMS, subscriber=ANNA, word=word, language="en", at=room.world.clock.now()
        )
        return room.service.reply(record)

    await reply(ReplyWord.HELP)
    await reply(ReplyWord.STOP)
    await planned_by(room, "officer-1")
    assert room.world.row(ANNA, Kind.ALERT).reason == Reason.OPTED_OUT
    await reply(ReplyWord.START)
    found = trust.broadcast(lineage="m" * 64)
    await room.service.release(approved(found, "officer-1"))
    await room.service.batch(trust.batch(found, [ANNA]))
    assert len(await room.world.one.window()) == 1
