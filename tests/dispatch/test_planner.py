"""The planner: what records mean for the ledger, in any order and as often as they come."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from schemas.words import BroadcastKind, Channel, Kind, Reason, Severity, State
from services.dispatch import ids
from services.dispatch.planner import SecondDigestError
from services.dispatch.tables import batch, mark, release
from services.runtime.trusted import NotTrustedError
from tests.dispatch.world import ANNA, BEN, CLEO, MARGIN, REACH, World, people

POST = {Channel.X: {"en": ["Boil water"], "es": ["Hierva el agua"]}}
TEXT = {Channel.SMS: {"en": ["Boil water"]}}


# --- once ---


async def test_a_record_handled_twice_plans_once(sms: World) -> None:
    value = await sms.release(to=[ANNA, BEN])
    before = sms.rows()
    await sms.release(to=[ANNA, BEN])
    assert sms.rows() == before
    await sms.one.turn()
    await sms.one.ledger.batch(sms.batch(value, [ANNA, BEN]), MARGIN)
    assert set(sms.states().values()) == {State.SENT}


async def test_a_public_record_handled_twice_plans_once(x: World) -> None:
    for _ in range(2):
        await x.release(texts=POST)
    assert sorted(x.states()) == ["main/en/public/1", "main/es/public/1"]


async def test_an_id_says_what_a_delivery_is(sms: World) -> None:
    await sms.release(to=[ANNA])
    row = sms.row()
    assert row.id == ids.delivery_id(row.lineage, 1, 1, Channel.SMS, ANNA, Kind.ALERT)
    assert row.digest not in row.id


async def test_a_second_digest_of_one_version_is_a_persons(sms: World) -> None:
    await sms.release(to=[ANNA])
    with pytest.raises(SecondDigestError, match="version 1 revision 1 was already released with another digest"):
        await sms.release(to=[BEN], tag=" other words")
    assert list(sms.states()) == [ANNA]


async def test_many_people_are_planned_whole(sms: World) -> None:
    await sms.release(to=people(500))
    assert len(sms.rows()) == 500


# --- batches and releases, in any order ---


async def test_a_batch_that_comes_first_waits_for_its_release(sms: World) -> None:
    value = sms.broadcast()
    await sms.one.ledger.batch(sms.batch(value, [ANNA]), MARGIN)
    assert sms.rows() == []
    await sms.release()
    assert list(sms.states()) == [ANNA]
    assert [row.subscribers for row in sms.query(sa.select(batch))] == [None]


async def test_a_waiting_batch_survives_a_crash_and_a_repeat(sms: World) -> None:
    value = sms.broadcast()
    for _ in range(2):
        await sms.one.ledger.batch(sms.batch(value, [ANNA]), MARGIN)
    sms.one.crash()
    await sms.release()
    assert list(sms.states()) == [ANNA]


async def test_a_batch_of_a_language_that_was_not_composed_gets_the_first(sms: World) -> None:
    value = await sms.release()
    await sms.one.ledger.batch(sms.batch(value, [ANNA], language="vi"), MARGIN)
    assert sms.row().language == "en"
    [job] = await sms.one.window()
    assert job.text == value.renditions[1].parts[0]


async def test_a_batch_below_the_mark_is_superseded_at_once(sms: World) -> None:
    first = await sms.release(1)
    await sms.release(2, kind=BroadcastKind.UPDATE)
    await sms.one.ledger.batch(sms.batch(first, [ANNA]), MARGIN)
    assert sms.row().state == State.SUPERSEDED


async def test_a_batch_of_somebody_who_said_stop_is_suppressed_at_once(sms: World) -> None:
    await sms.one.ledger.opt(ANNA, out=True)
    await sms.release(to=[ANNA])
    assert (sms.row().state, sms.row().reason) == (State.SUPPRESSED, Reason.OPTED_OUT)


async def test_a_batch_of_another_channel_is_not_ours(sms: World) -> None:
    value = await sms.release()
    with pytest.raises(NotTrustedError, match="another channel"):
        await sms.one.ledger.batch(sms.batch(value, [ANNA], channel=Channel.X), MARGIN)
    assert sms.rows() == []


async def test_a_batch_of_a_release_without_a_text_plans_nothing(sms: World) -> None:
    value = await sms.release(texts=POST)
    await sms.one.ledger.batch(sms.batch(value, [ANNA]), MARGIN)
    assert sms.rows() == []


async def test_a_release_that_misses_batches_is_known(sms: World) -> None:
    value = await sms.release()
    await sms.one.ledger.batch(sms.batch(value, [ANNA], number=1, of=2), MARGIN)
    sms.clock.pass_time(121)
    await sms.one.sweep()
    assert (sms.alarms(), sms.alarms(over=True)) == (["batches_missing"], [])
    await sms.one.ledger.batch(sms.batch(value, [BEN], number=2, of=2), MARGIN)
    sms.clock.pass_time(5)
    await sms.one.sweep()
    assert sms.alarms(over=True) == ["batches_missing"]


# --- reach ---


@pytest.mark.parametrize("first", ["batch", "release"])
@pytest.mark.parametrize(("reach", "fits"), [(REACH, True), (1100, True), (1101, False)])
async def test_a_batch_is_no_wider_than_its_signers_saw(sms: World, first: str, reach: int, fits: bool) -> None:
    value = sms.broadcast()
    if first == "batch":
        await sms.one.ledger.batch(sms.batch(value, [ANNA], reach=reach), MARGIN)
        wide = await sms.one.ledger.release(sms.believed(value), 1, MARGIN)
        assert wide == (0 if fits else 1)
    else:
        await sms.one.ledger.release(sms.believed(value), 1, MARGIN)
        if fits:
            await sms.one.ledger.batch(sms.batch(value, [ANNA], reach=reach), MARGIN)
        else:
            with pytest.raises(NotTrustedError, match="larger audience"):
                await sms.one.ledger.batch(sms.batch(value, [ANNA], reach=reach), MARGIN)
    assert list(sms.states()) == ([ANNA] if fits else [])


async def test_who_was_shown_no_reach_has_agreed_to_nobody(sms: World) -> None:
    value = await sms.release(reach=None)
    with pytest.raises(NotTrustedError, match="larger audience"):
        await sms.one.ledger.batch(sms.batch(value, [ANNA]), MARGIN)


async def test_a_new_decision_for_more_people_lets_the_waiting_batch_in(sms: World) -> None:
    value = sms.broadcast()
    await sms.one.ledger.batch(sms.batch(value, [ANNA], reach=5000), MARGIN)
    assert await sms.one.ledger.release(sms.believed(value), 1, MARGIN) == 1
    assert await sms.one.ledger.release(sms.believed(value, reach=5000), 1, MARGIN) == 0
    assert list(sms.states()) == [ANNA]


# --- ends ---


async def test_a_new_decision_moves_the_end_of_what_is_planned(sms: World) -> None:
    soon, later = sms.clock.now() + timedelta(minutes=5), sms.clock.now() + timedelta(hours=2)
    value = await sms.release(to=[ANNA], ends=soon)
    await sms.one.ledger.release(sms.believed(value, ends=later), 1, MARGIN)
    assert sms.row().ends == later
    sms.clock.pass_time(600)
    await sms.one.settle()
    assert sms.row().state == State.SENT


async def test_a_cancel_has_an_end_of_its_own(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.one.turn()
    await sms.cancel(2, ends=sms.clock.now() + timedelta(minutes=1))
    await sms.one.sweep()
    assert sms.row(kind=Kind.CANCEL).ends == sms.clock.now() + timedelta(days=1)


# --- marks ---


async def test_the_mark_only_rises(sms: World) -> None:
    second = await sms.release(2, kind=BroadcastKind.UPDATE, to=[ANNA])
    await sms.withdraw(second)
    await sms.release(1, to=[BEN])
    await sms.release(2, kind=BroadcastKind.UPDATE)
    [found] = sms.query(sa.select(mark))
    assert (found.ordinal, found.kind) == (ids.ordinal(2, 1, take_back=True), Kind.WITHDRAWAL)
    assert set(sms.states().values()) == {State.SUPERSEDED}


async def test_a_release_without_a_rendition_here_raises_no_mark(sms: World) -> None:
    await sms.release(1, to=[ANNA])
    await sms.release(2, kind=BroadcastKind.UPDATE, texts=POST)
    assert len(await sms.one.window()) == 1


@pytest.mark.parametrize("what", ["cancel", "withdrawal"])
async def test_a_take_back_raises_it_all_the_same(sms: World, what: str) -> None:
    first = await sms.release(1, to=[ANNA])
    if what == "cancel":
        await sms.cancel(2, texts=POST)
    else:
        await sms.withdraw(first)
    assert await sms.one.window() == []


async def test_a_withdrawal_that_comes_before_its_release_still_stops_it(sms: World) -> None:
    value = sms.broadcast()
    await sms.withdraw(value)
    await sms.release(to=[ANNA])
    assert sms.row().state == State.SUPERSEDED
    await sms.one.settle()
    assert sms.platform.messages == []


def test_ordinals_follow_version_revision_and_kind() -> None:
    places = [(1, 1, False), (1, 1, True), (1, 2, False), (1, 2, True), (2, 1, False)]
    found = [ids.ordinal(version, revision, take_back=back) for version, revision, back in places]
    assert found == sorted(set(found))


# --- keys taken away ---


async def test_what_a_revoked_signer_released_does_not_start(sms: World) -> None:
    await sms.release(to=[ANNA, BEN], keys=("lost", "other"))
    await sms.release(to=[CLEO], lineage="e" * 32)
    await sms.one.window(1)
    assert await sms.one.ledger.revoke(frozenset({"lost"})) == 1
    assert sorted(sms.states().values()) == [State.PLANNED, State.SENDING, State.SUPPRESSED]
    assert [row.reason for row in sms.rows() if row.state == State.SUPPRESSED] == [Reason.REVOKED]


async def test_a_batch_that_comes_after_the_revocation_does_not_start_either(sms: World) -> None:
    value = await sms.release(keys=("lost",))
    await sms.one.ledger.revoke(frozenset({"lost"}))
    await sms.one.ledger.batch(sms.batch(value, [ANNA]), MARGIN)
    assert (sms.row().state, sms.row().reason) == (State.SUPPRESSED, Reason.REVOKED)


async def test_the_withdrawal_of_what_a_revoked_signer_released_goes_on(sms: World) -> None:
    """Just then it is wanted: the key was stolen, the message is wrong, and somebody else takes it back."""
    value = await sms.release(to=[ANNA], keys=("stolen",))
    await sms.one.turn()
    await sms.withdraw(value, keys=("honest",))
    await sms.one.sweep()
    await sms.one.ledger.revoke(frozenset({"stolen"}))
    await sms.one.settle()
    assert sms.row(kind=Kind.WITHDRAWAL).state == State.SENT


async def test_what_a_revoked_signer_withdrew_stops(sms: World) -> None:
    value = await sms.release(to=[ANNA], keys=("honest",))
    await sms.one.turn()
    await sms.withdraw(value, keys=("stolen",))
    await sms.one.ledger.revoke(frozenset({"stolen"}))
    await sms.one.settle()
    row = sms.row(kind=Kind.WITHDRAWAL)
    assert (row.state, row.reason, sms.row().state) == (State.SUPPRESSED, Reason.REVOKED, State.SENT)


# --- the gravest that is live ---


async def test_the_gravest_severity_still_live_in_a_lineage(sms: World) -> None:
    gravest = sms.one.ledger.gravest
    extreme = await sms.release(1, severity=Severity.EXTREME)
    await sms.release(2, severity=Severity.MINOR, kind=BroadcastKind.UPDATE)
    assert await gravest(sms.broadcast(3)) is Severity.EXTREME
    assert await gravest(extreme) is None
    assert await gravest(sms.broadcast(1, lineage="e" * 32)) is None
    await sms.withdraw(extreme)
    assert await gravest(sms.broadcast(3)) is Severity.MINOR
    sms.clock.pass_time(7 * 3600)
    assert await gravest(sms.broadcast(3)) is None


async def test_the_release_is_kept_whole(sms: World) -> None:
    value = await sms.release(texts=TEXT, keys=("a", "b"))
    [found] = sms.query(sa.select(release))
    assert (found.texts["renditions"], found.texts["withdrawals"]) == (
        {"en": ["Boil water"]}, {"en": ["Disregard: Boil water"]}
    )  # fmt: skip
    assert (found._mapping["keys"], found.reach) == (["a", "b"], REACH)
    assert found.severity == value.severity
