"""What approve does with each thing that happens, in whatever order it happens."""

import itertools
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.words import BroadcastKind, DecisionWord, Grade, Realm, Severity
from services.approve.outcomes import AskedAgain, Refused, Released, TooLate
from services.approve.service import SecondDigestError
from services.runtime.trusted import NotTrustedError
from tests.approve.desk import Desk
from tests.support.trust import (
    LINEAGE,
    NOW,
    POLICY,
    PUBLIC_ONLY,
    broadcast,
    decision,
    digest_of,
    estimate,
    held,
    revocation,
    rule,
    signed_bundle,
    statement,
    stop,
    text_of,
)

SEVERE = broadcast()
EXTREME = broadcast(Severity.EXTREME)
MINOR = broadcast(Severity.MINOR)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.close()


# --- towards a release ---


def test_it_waits_is_approved_and_carries_exactly_the_bytes_that_came(desk: Desk) -> None:
    desk.composed(SEVERE)
    assert desk.state(SEVERE) == "waiting"
    (outcome,) = desk.take("decided", decision(SEVERE))
    assert isinstance(outcome, Released)
    assert (outcome.how, outcome.since_received_s) == ("approved", 120.0)
    (record,) = desk.releases()
    assert record.broadcast == text_of(SEVERE)
    assert record.digest == digest_of(SEVERE)
    assert desk.approvals() == [("waiting", 0, 1), ("released", 1, 1)]


def test_two_people_for_extreme_and_each_is_counted_once(desk: Desk) -> None:
    desk.composed(EXTREME)
    first = decision(EXTREME)
    for said in (first, first, decision(EXTREME)):
        desk.take("decided", said)
    assert desk.approvals() == [("waiting", 0, 2), ("counted", 1, 2)]
    desk.take("decided", decision(EXTREME, "officer-2"))
    (record,) = desk.releases()
    assert {d.statement.person for d in record.decisions} == {"officer-1", "officer-2"}


def test_every_order_of_three_topics_ends_the_same(tmp_path: Path) -> None:
    """Topics have no common order: what waits for another topic's record waits in the store."""
    arrivals: list[tuple[str, tuple[Any, ...]]] = [
        ("composed", (text_of(EXTREME).encode(), "corr")),
        ("decided", (decision(EXTREME, reach=100),)),
        ("decided", (decision(EXTREME, "officer-2", reach=100),)),
        ("estimated", (estimate(EXTREME, 100),)),
    ]
    for number, order in enumerate(itertools.permutations(arrivals)):
        desk = Desk(tmp_path / str(number))
        for method, args in order:
            desk.take(method, *args)
        assert len(desk.releases()) == 1
        assert (desk.state(EXTREME), desk.proposal(EXTREME).reach_signed) == ("released", 100)
        desk.close()


def test_a_record_that_is_handled_twice_does_nothing_twice(desk: Desk) -> None:
    for method, args in (
        ("composed", (text_of(SEVERE).encode(), "corr")),
        ("estimated", (estimate(SEVERE, 5),)),
        ("decided", (decision(SEVERE, reach=5),)),
    ):
        desk.take(method, *args)
        desk.take(method, *args)
    assert len(desk.releases()) == 1


def test_an_override_releases_alone(desk: Desk) -> None:
    desk.composed(EXTREME)
    (outcome,) = desk.take("decided", decision(EXTREME, "director-1", DecisionWord.OVERRIDE))
    assert isinstance(outcome, Released)
    assert outcome.how == "override"


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"person": "clerk-1", "role": "clerk"}, "role"),
        ({"hand": "stranger"}, "key"),
        ({"hand": "officer-2"}, "key"),
        ({"expires": NOW}, "signature_expired"),
        ({"realm": Realm.DRILL}, "realm"),
        ({"person": "approve", "hand": "approve", "role": "engine"}, "person"),
        ({"word": DecisionWord.WITHDRAW}, "word"),
    ],
)
def test_a_decision_that_is_not_believed_is_counted_and_changes_nothing(
    desk: Desk, changes: dict[str, Any], broken: str
) -> None:
    desk.composed(SEVERE)
    assert desk.take("decided", decision(SEVERE, **changes)) == [Refused(broken, LINEAGE)]
    assert desk.releases() == []
    assert desk.pending()["waiting"][0]["decisions"][0]["verdict"] == broken
    desk.take("decided", decision(SEVERE))
    assert len(desk.releases()) == 1


def test_a_forged_copy_does_not_keep_the_true_decision_out(desk: Desk) -> None:
    desk.composed(SEVERE)
    true = decision(SEVERE)
    desk.take("decided", true.model_copy(update={"signature": "A" * 86}))
    desk.take("decided", true.model_copy(update={"lineage": "m" * 64}))
    desk.take("decided", true)
    assert len(desk.releases()) == 1


def test_an_author_does_not_approve_his_own(desk: Desk) -> None:
    mine = broadcast(authors=("officer-1",))
    desk.composed(mine)
    assert desk.take("decided", decision(mine)) == [Refused("author", LINEAGE)]


# --- the engine ---


def test_minor_goes_by_itself_once_its_reach_is_known(desk: Desk) -> None:
    desk.composed(MINOR)
    assert desk.releases() == []
    (outcome,) = desk.take("estimated", estimate(MINOR, 40))
    assert isinstance(outcome, Released)
    assert outcome.how == "automatic"
    assert desk.releases()[0].decisions[0].statement.reach == 40


def test_minor_goes_at_once_where_nobody_is_selected(desk: Desk) -> None:
    found = broadcast(Severity.MINOR, **PUBLIC_ONLY)
    desk.composed(found)
    assert len(desk.releases()) == 1
    assert [state for state, _have, _need in desk.approvals()] == ["released"]


def test_minor_does_not_wait_for_ever_for_an_estimate_and_signs_again_when_it_comes(desk: Desk) -> None:
    desk.composed(MINOR)
    assert desk.after(seconds=4.9) == []
    assert len(desk.after(seconds=0.2)) == 1
    assert desk.releases()[0].decisions[0].statement.reach is None
    again = desk.take("estimated", estimate(MINOR, 40, NOW + timedelta(seconds=6)))
    assert [type(outcome) for outcome in again] == [AskedAgain, Released]
    assert [r.decisions[0].statement.reach for r in desk.releases()] == [None, 40]
    assert len({r.digest for r in desk.releases()}) == 1


def test_a_held_alert_is_never_released_by_the_engine(desk: Desk) -> None:
    held = broadcast(Severity.MINOR, grade=Grade.HOLD, **PUBLIC_ONLY)
    desk.composed(held)
    assert desk.releases() == []
    assert desk.state(held) == "waiting"
    desk.take("decided", decision(held))
    assert len(desk.releases()) == 1


def test_without_an_engine_key_minor_waits_for_a_person(tmp_path: Path) -> None:
    desk = Desk(tmp_path, engine=False)
    found = broadcast(Severity.MINOR, **PUBLIC_ONLY)
    desk.composed(found)
    assert desk.approvals() == [("waiting", 0, 1)]
    desk.close()


def test_a_policy_above_the_engines_ceiling_still_waits_for_a_person(tmp_path: Path) -> None:
    desk = Desk(tmp_path, POLICY.model_copy(update={"severities": {**POLICY.severities, Severity.SEVERE: rule(0)}}))
    found = broadcast(**PUBLIC_ONLY)
    desk.composed(found)
    assert desk.releases() == []
    desk.close()


def test_the_engines_signature_ends_with_the_alert(desk: Desk) -> None:
    short = broadcast(Severity.MINOR, expires=NOW + timedelta(minutes=10), **PUBLIC_ONLY)
    long = broadcast(Severity.MINOR, lineage="m" * 64, **PUBLIC_ONLY)
    desk.composed(short)
    desk.composed(long)
    ends = [record.decisions[0].statement.expires for record in desk.releases()]
    assert ends == [short.expires, NOW + timedelta(hours=1)]


# --- lineage ---


def test_a_newer_version_or_revision_takes_the_place_of_what_waits(desk: Desk) -> None:
    newer = broadcast(revision=2)
    update = broadcast(version=2, kind=BroadcastKind.UPDATE)
    for found in (SEVERE, newer, update):
        desk.composed(found)
    assert desk.withheld() == [(1, "superseded"), (1, "superseded")]
    assert [item["digest"] for item in desk.pending()["waiting"]] == [digest_of(update)]


def test_an_older_one_that_comes_late_does_not_wait_at_all(desk: Desk) -> None:
    desk.composed(broadcast(version=2, kind=BroadcastKind.UPDATE))
    desk.composed(SEVERE)
    assert desk.withheld() == [(1, "superseded")]
    assert desk.take("decided", decision(SEVERE)) == [TooLate()]
    assert desk.releases() == []


def test_an_update_needs_the_quorum_of_the_gravest_still_live(desk: Desk) -> None:
    desk.composed(EXTREME)
    desk.take("decided", decision(EXTREME))
    desk.take("decided", decision(EXTREME, "officer-2"))
    milder = broadcast(Severity.MINOR, version=2, kind=BroadcastKind.UPDATE, **PUBLIC_ONLY)
    desk.composed(milder)
    assert desk.pending()["waiting"][0]["need"] == 2
    desk.take("decided", decision(milder))
    assert len(desk.releases()) == 1
    desk.take("decided", decision(milder, "officer-2"))
    assert len(desk.releases()) == 2


def test_what_has_expired_or_was_withdrawn_is_no_longer_live(desk: Desk) -> None:
    short = broadcast(Severity.EXTREME, expires=NOW + timedelta(minutes=5))
    desk.composed(short)
    desk.take("decided", decision(short))
    desk.take("decided", decision(short, "officer-2"))
    desk.clock.pass_time(minutes=6)
    milder = broadcast(Severity.MINOR, version=2, kind=BroadcastKind.UPDATE, **PUBLIC_ONLY)
    desk.composed(milder)
    assert len(desk.releases()) == 2


def test_a_cancel_is_released_after_its_alert_has_ended(desk: Desk) -> None:
    cancel = broadcast(version=2, kind=BroadcastKind.CANCEL, expires=NOW - timedelta(minutes=1))
    desk.composed(cancel)
    desk.take("decided", decision(cancel, expires=NOW + timedelta(days=1)))
    assert len(desk.releases()) == 1


def test_a_second_digest_of_the_same_version_and_revision_is_not_taken(desk: Desk) -> None:
    desk.composed(SEVERE)
    with pytest.raises(SecondDigestError, match="version 1, revision 1"):
        desk.composed(broadcast(headline="Other words"))
    assert len(desk.pending()["waiting"]) == 1


def test_what_is_no_broadcast_in_canonical_form_is_not_taken(desk: Desk) -> None:
    loose = json.dumps(json.loads(text_of(SEVERE))).encode()
    drill = text_of(broadcast(realm=Realm.DRILL)).encode()
    for value in (loose, drill, b"{}"):
        with pytest.raises(NotTrustedError):
            desk.take("composed", value, "corr")
    assert desk.pending()["waiting"] == []


# --- the ends of waiting ---


@pytest.mark.parametrize(("word", "reason"), [(DecisionWord.RETURN, "returned"), (DecisionWord.REJECT, "rejected")])
def test_one_person_sends_back_or_rejects(desk: Desk, word: DecisionWord, reason: str) -> None:
    desk.composed(EXTREME)
    desk.take("decided", decision(EXTREME))
    desk.take("decided", decision(EXTREME, "officer-2", word))
    assert desk.withheld() == [(1, reason)]
    desk.take("decided", decision(EXTREME, "officer-3"))
    assert desk.releases() == []


def test_an_alert_that_has_expired_is_withheld_at_once_or_when_its_time_has_come(desk: Desk) -> None:
    over = broadcast(expires=NOW)
    soon = broadcast(lineage="m" * 64, expires=NOW + timedelta(seconds=30))
    desk.composed(over)
    desk.composed(soon)
    assert desk.withheld() == [(1, "expired")]
    desk.after(seconds=31)
    assert desk.withheld() == [(1, "expired"), (1, "expired")]
    assert desk.take("decided", decision(soon)) == [Refused("signature_expired", soon.lineage)]
    assert desk.releases() == []


def test_a_withdrawal_ends_every_wait_up_to_what_it_takes_back(desk: Desk) -> None:
    update = broadcast(version=2, kind=BroadcastKind.UPDATE)
    desk.composed(SEVERE)
    desk.take("stopped", stop(SEVERE))
    desk.composed(update)
    assert desk.withheld() == [(1, "withdrawn")]
    assert desk.state(update) == "waiting"


def test_a_withdrawal_that_comes_before_its_broadcast_is_remembered(desk: Desk) -> None:
    desk.take("stopped", stop(SEVERE))
    desk.composed(SEVERE)
    assert desk.withheld() == [(1, "withdrawn")]


def test_pause_and_resume_are_not_approves_affair_and_a_false_withdrawal_is_refused(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.take("stopped", stop(SEVERE, DecisionWord.PAUSE))
    with pytest.raises(NotTrustedError):
        desk.take("stopped", stop(SEVERE, person="clerk-1"))
    assert desk.state(SEVERE) == "waiting"


# --- asked again ---


def test_an_audience_that_outgrew_its_signer_is_asked_about_again(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.take("estimated", estimate(SEVERE, 100))
    desk.take("decided", decision(SEVERE, reach=100))
    assert desk.take("estimated", estimate(SEVERE, 110, NOW + timedelta(seconds=1))) == []
    assert desk.take("estimated", estimate(SEVERE, 111, NOW + timedelta(seconds=2))) == [AskedAgain()]
    assert desk.approvals()[-1] == ("waiting", 0, 1)
    assert desk.take("decided", decision(SEVERE, reach=100)) == [Refused("reach", LINEAGE)]
    desk.take("decided", decision(SEVERE, reach=111))
    first, second = desk.releases()
    assert (first.digest, second.digest) == (digest_of(SEVERE), digest_of(SEVERE))
    assert [r.decisions[0].statement.reach for r in (first, second)] == [100, 111]
    assert desk.withheld() == []


def test_an_older_estimate_that_comes_late_changes_nothing(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.take("estimated", estimate(SEVERE, 100, NOW))
    desk.take("estimated", estimate(SEVERE, 5000, NOW - timedelta(seconds=1)))
    assert desk.proposal(SEVERE).reach == 100


def test_a_signature_given_before_the_audience_grew_no_longer_counts(desk: Desk) -> None:
    desk.composed(EXTREME)
    desk.take("decided", decision(EXTREME, reach=100))
    desk.take("estimated", estimate(EXTREME, 500))
    assert desk.approvals()[-1] == ("waiting", 0, 2)
    desk.take("decided", decision(EXTREME, "officer-2", reach=500))
    assert desk.releases() == []
    desk.take("decided", decision(EXTREME, reach=500))
    assert len(desk.releases()) == 1


def test_saying_no_to_the_larger_audience_leaves_the_first_release_as_it_was(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.take("decided", decision(SEVERE, reach=10))
    desk.take("estimated", estimate(SEVERE, 500))
    assert desk.state(SEVERE) == "waiting"
    desk.take("decided", decision(SEVERE, "officer-2", DecisionWord.REJECT))
    assert (desk.state(SEVERE), desk.withheld(), len(desk.releases())) == ("released", [], 1)


def test_nobody_is_asked_again_about_what_is_over_replaced_or_withdrawn(desk: Desk) -> None:
    update = broadcast(version=2, kind=BroadcastKind.UPDATE)
    for found in (SEVERE, update):
        desk.composed(found)
        desk.take("decided", decision(found, reach=10))
    # The first version waits no more when the second is composed, but it was released before.
    assert desk.take("estimated", estimate(SEVERE, 500)) == []
    desk.take("stopped", stop(update))
    assert desk.take("estimated", estimate(update, 500)) == []


# --- trust changes ---


def test_a_signers_key_that_is_taken_away_no_longer_counts(desk: Desk) -> None:
    desk.composed(EXTREME)
    desk.take("decided", decision(EXTREME))
    desk.parts.keeper.take(revocation("officer-1", "admin-1"))
    desk.take("trust_changed")
    assert desk.approvals()[-1] == ("waiting", 0, 2)
    desk.take("decided", decision(EXTREME, "officer-2"))
    assert desk.releases() == []


def test_a_release_whose_signer_lost_the_key_is_asked_about_again(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.take("decided", decision(SEVERE))
    desk.parts.keeper.take(revocation("officer-1", "admin-1"))
    assert desk.take("trust_changed") == [AskedAgain()]
    desk.take("decided", decision(SEVERE, "officer-2"))
    assert [r.decisions[0].statement.person for r in desk.releases()] == ["officer-1", "officer-2"]


def test_a_decision_that_outran_its_bundle_counts_when_the_bundle_comes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, bundle=False)
    desk.composed(SEVERE)
    assert desk.take("decided", decision(SEVERE)) == []
    desk.seed(signed_bundle(statement()))
    assert len(desk.take("trust_changed")) == 1
    assert len(desk.releases()) == 1
    desk.close()


def test_a_person_who_joined_after_signing_is_counted_when_the_bundle_says_so(desk: Desk) -> None:
    without = statement(2).model_copy(update={"people": statement().people[1:]})
    desk.parts.keeper.take(signed_bundle(without))
    desk.composed(SEVERE)
    assert desk.take("decided", decision(SEVERE)) == [Refused("person", LINEAGE)]
    desk.parts.keeper.take(signed_bundle(statement(3)))
    assert len(desk.take("trust_changed")) == 1
    assert len(desk.releases()) == 1


# --- what is shown ---


def test_what_waits_is_shown_with_the_exact_text_ending_soonest_first(desk: Desk) -> None:
    desk.composed(SEVERE)
    other = broadcast(Severity.EXTREME, lineage="m" * 64)
    desk.composed(other)
    shown = desk.pending()["waiting"]
    assert [item["digest"] for item in shown] == [digest_of(other), digest_of(SEVERE)]
    assert shown[0]["text"] == text_of(other)
    assert (shown[0]["need"], shown[0]["roles"]) == (2, ["officer", "director"])


def test_a_held_alert_is_shown_and_followed_until_a_broadcast_comes_of_it(desk: Desk) -> None:
    desk.held(held())
    assert [item["event"] for item in desk.pending()["held"]] == ["Flood"]
    desk.after(minutes=11)
    desk.after(minutes=11)
    assert [alarm.rule for alarm in desk.alarms()] == ["held", "held"]
    assert "no_guidance" in desk.alarms()[0].says
    desk.composed(SEVERE)
    assert desk.alarms()[-1].over
    assert desk.pending()["held"] == []
    desk.after(minutes=9)
    assert len(desk.alarms()) == 3


def test_a_held_record_that_comes_after_its_broadcast_is_not_followed(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.held(held(SEVERE.composed - timedelta(seconds=5)))
    assert desk.pending()["held"] == []
    desk.held(held(SEVERE.composed + timedelta(seconds=5)))
    assert len(desk.pending()["held"]) == 1
