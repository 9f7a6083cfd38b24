"""Every way in which a release, a withdrawal, a batch or a recomposition is not believed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.alert import IDENTIFIER_RULES, Finding
from schemas.decision import Decision
from schemas.release import Release, Stop
from schemas.words import BroadcastKind, DecisionWord, Grade, Realm, Severity
from services.runtime import trust, verifier
from services.runtime.metrics import VERIFIER_RULES
from services.runtime.trusted import NotTrustedError
from tests.support.trust import (
    KEYS,
    NOW,
    POLICY,
    batch,
    broadcast,
    decision,
    digest_of,
    engine_decision,
    recompose,
    release,
    rule,
    stop,
    text_of,
    trusted,
)

FOUND = broadcast()
EXTREME = broadcast(Severity.EXTREME)
MINOR = broadcast(Severity.MINOR)
GOOD = release(FOUND, decision(FOUND))


def believe(record: Release, **more: Any) -> verifier.Believed:
    """With the bundle of these tests, at their moment."""
    current = more.pop("trusted", trusted())
    return verifier.release(record, current, Realm.LIVE, more.pop("now", NOW), **more)


def refused(record: Release, **more: Any) -> str:
    """The rule by which a release is refused; each is a label of the metric."""
    with pytest.raises(NotTrustedError) as caught:
        believe(record, **more)
    assert caught.value.rule in VERIFIER_RULES
    return caught.value.rule


def with_(record: Release, **changes: Any) -> Release:
    return record.model_copy(update=changes)


# --- what is believed ---


def test_one_approver_for_severe_two_for_extreme_the_engine_for_minor() -> None:
    assert believe(GOOD).people == ("officer-1",)
    two = release(EXTREME, decision(EXTREME), decision(EXTREME, "officer-2"))
    assert believe(two).people == ("officer-1", "officer-2")
    assert believe(release(MINOR, engine_decision(MINOR))).people == ()


def test_what_is_believed_comes_from_the_signed_bytes() -> None:
    found = believe(GOOD)
    assert found.broadcast == FOUND
    assert found.digest == digest_of(FOUND)
    assert found.ends == NOW + timedelta(hours=1)
    assert found.take_back_ends == NOW + timedelta(days=1)
    assert found.keys == (KEYS["officer-1"].id,)


def test_the_reach_is_the_smallest_that_any_signer_saw() -> None:
    def reach(*seen: int | None) -> int | None:
        people = ("officer-1", "officer-2")
        said = (decision(EXTREME, person, reach=n) for person, n in zip(people, seen, strict=True))
        return believe(release(EXTREME, *said)).reach

    assert reach(500, 100) == 100
    assert reach(500, None) == 0
    assert reach(None, None) is None


def test_a_director_overrides_alone_and_says_why() -> None:
    said = decision(EXTREME, "director-1", DecisionWord.OVERRIDE)
    assert believe(release(EXTREME, said)).people == ("director-1",)
    silent = decision(EXTREME, "director-1", DecisionWord.OVERRIDE, reason=None)
    assert refused(release(EXTREME, silent)) == "reason"


def test_what_may_identify_a_person_is_approved_with_a_reason_or_not_at_all() -> None:
    for name in sorted(IDENTIFIER_RULES):
        held = Finding(rule=name, grade=Grade.HOLD, says="description may identify a person")
        found = broadcast(grade=Grade.HOLD, findings=(held,))
        assert refused(release(found, decision(found))) == "reason"
        said = decision(found, reason="the family has published the name itself")
        assert believe(release(found, said)).people == ("officer-1",)
    agreed = Finding(rule="personal", grade=Grade.ACCEPT, says="description may identify a person")
    found = broadcast(findings=(agreed,))
    assert believe(release(found, decision(found))).people == ("officer-1",)


def test_a_cancel_works_after_its_alert_has_ended() -> None:
    over = broadcast(kind=BroadcastKind.CANCEL, expires=NOW - timedelta(hours=1))
    found = believe(release(over, decision(over, expires=NOW + timedelta(days=1))))
    assert found.ends == over.composed + timedelta(days=1)
    assert refused(release(over, decision(over, expires=NOW + timedelta(days=3))), now=NOW + timedelta(days=2))


# --- what is not ---


def test_one_byte_changed() -> None:
    for position in range(0, len(GOOD.broadcast), 7):
        letter = "~" if GOOD.broadcast[position] != "~" else "!"
        changed = GOOD.broadcast[:position] + letter + GOOD.broadcast[position + 1 :]
        assert refused(with_(GOOD, broadcast=changed)) == "digest"
        assert refused(with_(GOOD, broadcast=changed, digest=trust.digest_of(changed.encode()))) in {
            "other_digest", "shape", "canonical", "lineage",
        }  # fmt: skip


def test_a_changed_broadcast_that_is_signed_by_a_stranger() -> None:
    assert refused(release(FOUND, decision(FOUND, hand="stranger"))) == "key"
    assert refused(release(FOUND, decision(FOUND, person="stranger", role="officer"))) == "person"


def test_a_missing_or_foreign_signature() -> None:
    said = GOOD.decisions[0]
    other = decision(FOUND).signature
    for wrong in ("A" * 86, other, trust.encode(bytes(64))):
        assert refused(with_(GOOD, decisions=(said.model_copy(update={"signature": wrong}),))) == "signature"
    with pytest.raises(ValidationError):
        Release.model_validate({**json.loads(GOOD.model_dump_json()), "decisions": []})


def test_too_few_people() -> None:
    assert refused(release(EXTREME, decision(EXTREME))) == "quorum"
    assert refused(release(EXTREME, decision(EXTREME), decision(EXTREME))) == "quorum"


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"role": "director"}, "role"),
        ({"role": "engine"}, "key"),
        ({"person": "clerk-1", "role": "clerk"}, "role"),
        ({"person": "clerk-1", "role": "officer"}, "role"),
        ({"word": DecisionWord.OVERRIDE}, "role"),
        ({"word": DecisionWord.REJECT}, "word"),
        ({"word": DecisionWord.RETURN}, "word"),
        ({"word": DecisionWord.WITHDRAW}, "word"),
        ({"realm": Realm.DRILL}, "realm"),
        ({"digest": digest_of(EXTREME)}, "other_digest"),
        ({"expires": NOW}, "signature_expired"),
        ({"issued": NOW - timedelta(hours=2)}, "signature_expired"),
        ({"lineage": "m" * 64}, "lineage"),
        ({"hand": "officer-2"}, "key"),
    ],
)
def test_a_decision_that_is_not_one_for_this(changes: dict[str, Any], broken: str) -> None:
    assert refused(release(FOUND, decision(FOUND, **changes))) == broken


def test_an_author_neither_approves_nor_overrides() -> None:
    mine = broadcast(authors=("officer-1", "director-1"))
    assert refused(release(mine, decision(mine))) == "author"
    assert refused(release(mine, decision(mine, "director-1", DecisionWord.OVERRIDE))) == "author"
    assert believe(release(mine, decision(mine, "officer-2"))).people == ("officer-2",)


def test_one_bad_decision_among_good_ones_spoils_the_release() -> None:
    assert refused(release(FOUND, decision(FOUND), decision(FOUND, "clerk-1"))) == "role"


def test_the_engine_above_its_ceiling_or_where_policy_wants_a_person() -> None:
    assert refused(release(FOUND, engine_decision(FOUND))) == "ceiling"
    wide = POLICY.model_copy(update={"severities": {**POLICY.severities, Severity.MINOR: rule(1)}})
    assert refused(release(MINOR, engine_decision(MINOR)), trusted=trusted(wide)) == "quorum"


def test_the_engine_on_a_held_alert() -> None:
    held = broadcast(Severity.MINOR, grade=Grade.HOLD)
    assert refused(release(held, engine_decision(held))) == "held"
    assert believe(release(held, decision(held))).people == ("officer-1",)


def test_the_engine_at_a_deadline_but_not_before() -> None:
    policy = POLICY.model_copy(update={"severities": {**POLICY.severities, Severity.MINOR: rule(1, "release", 600)}})
    record = release(MINOR, engine_decision(MINOR))
    assert refused(record, trusted=trusted(policy)) == "early"
    assert believe(record, trusted=trusted(policy), now=MINOR.composed + timedelta(seconds=600)).people == ()


def test_the_engine_speaks_for_itself_and_only_with_its_own_kind_of_key() -> None:
    assert refused(release(MINOR, engine_decision(MINOR, person="officer-1", hand="approve"))) == "person"
    assert refused(release(MINOR, engine_decision(MINOR, hand="audience"))) == "key"
    assert refused(release(MINOR, engine_decision(MINOR, word=DecisionWord.OVERRIDE))) == "word"
    assert refused(release(MINOR, engine_decision(MINOR, realm=Realm.DRILL))) == "word"
    forged = engine_decision(MINOR).model_copy(update={"signature": "A" * 86})
    assert refused(release(MINOR, forged)) == "signature"


def test_a_key_that_was_taken_away_counts_for_nothing_whenever_it_signed() -> None:
    assert refused(GOOD, trusted=trusted(POLICY, "officer-1")) == "revoked"
    assert refused(release(MINOR, engine_decision(MINOR)), trusted=trusted(POLICY, "approve")) == "revoked"


def test_expired() -> None:
    assert refused(GOOD, now=FOUND.expires) == "expired"
    assert refused(GOOD, now=NOW + timedelta(hours=1)) == "signature_expired"


def test_replayed_for_another_digest() -> None:
    other = broadcast(headline="Do not boil your water")
    replayed = with_(release(other, decision(other)), decisions=GOOD.decisions)
    assert refused(replayed) == "other_digest"


def test_the_other_realm() -> None:
    drill = broadcast(realm=Realm.DRILL)
    assert refused(release(drill, decision(drill))) == "realm"
    assert refused(with_(GOOD, realm=Realm.DRILL)) == "lineage"
    assert refused(with_(GOOD, lineage="m" * 64)) == "lineage"


def test_an_update_needs_the_quorum_of_what_is_still_live() -> None:
    assert refused(GOOD, needed=Severity.EXTREME) == "quorum"
    two = release(FOUND, decision(FOUND), decision(FOUND, "officer-2"))
    assert believe(two, needed=Severity.EXTREME).people == ("officer-1", "officer-2")
    assert refused(release(MINOR, engine_decision(MINOR)), needed=Severity.SEVERE) == "ceiling"


def test_bytes_that_say_the_same_in_another_way() -> None:
    loose = json.dumps(json.loads(text_of(FOUND)))
    digest = trust.digest_of(loose.encode())
    said = decision(FOUND, digest=digest)
    record = GOOD.model_copy(update={"broadcast": loose, "digest": digest, "decisions": (said,)})
    assert refused(record) == "canonical"


def test_bytes_that_are_no_broadcast() -> None:
    for text in ("", "{}", "[]", "null", '{"a":NaN}', "\ud800", '{"v":1}' * 2):
        digest = trust.digest_of(text.encode("utf-8", "replace"))
        record = GOOD.model_copy(update={"broadcast": text, "digest": digest})
        assert refused(record) == "shape"


# --- nothing that was altered is believed ---


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every leaf of parsed JSON."""
    if isinstance(value, dict):
        return [place for name, inner in value.items() for place in _places(inner, (*path, name))]
    if isinstance(value, list):
        return [place for index, inner in enumerate(value) for place in _places(inner, (*path, index))]
    return [path]


TWO = json.loads(
    release(EXTREME, decision(EXTREME, reach=5), decision(EXTREME, "officer-2", reach=5)).model_dump_json()
)
LEAVES = _places(TWO)
_values = st.none() | st.booleans() | st.integers(-2, 2**60) | st.text(max_size=90) | st.sampled_from(
    [KEYS["officer-3"].id, "officer-3", "officer", "live", "drill", "approve", "override", digest_of(FOUND), "sha256:"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.sampled_from(LEAVES), _values)
def test_a_valid_release_with_any_one_value_changed_is_refused_or_the_same(place: tuple[Any, ...], value: Any) -> None:
    altered = json.loads(json.dumps(TWO))
    inner = altered
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    _must_be_refused_or_the_same(altered)


@settings(max_examples=400)
@given(st.data())
def test_a_valid_release_with_any_letter_changed_is_refused_or_the_same(data: st.DataObject) -> None:
    text = json.dumps(TWO)
    position = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    try:
        altered = json.loads(text[:position] + letter + text[position + 1 :])
    except ValueError:
        return
    _must_be_refused_or_the_same(altered)


def _must_be_refused_or_the_same(altered: Any) -> None:
    """`at` is told by the record alone and counts for nothing; all else is signed, or must agree with what is."""
    original = believe(Release.model_validate(TWO))
    try:
        found = believe(Release.model_validate(altered))
    except (ValidationError, NotTrustedError):
        return
    assert found == original


@given(st.permutations(["officer-1", "officer-2", "officer-3"]), st.integers(1, 3))
def test_the_order_of_signatures_does_not_matter_and_people_are_counted(people: list[str], count: int) -> None:
    said = [decision(EXTREME, person) for person in people[:count]]
    record = release(EXTREME, *said)
    if count < 2:
        assert refused(record) == "quorum"
    else:
        assert set(believe(record).people) == set(people[:count])


# --- withdrawals, batches, recompositions ---


def test_one_person_takes_back_pauses_and_resumes() -> None:
    for word in (DecisionWord.WITHDRAW, DecisionWord.PAUSE, DecisionWord.RESUME):
        found = verifier.stop(stop(FOUND, word), trusted(), Realm.LIVE, NOW)
        assert (found.people, found.ends) == (("officer-1",), NOW + timedelta(days=1))


def test_a_withdrawal_works_after_the_alert_has_ended() -> None:
    over = broadcast(expires=NOW - timedelta(days=2))
    assert verifier.stop(stop(over), trusted(), Realm.LIVE, NOW).ends == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("record", "broken"),
    [
        (stop(FOUND, person="clerk-1"), "role"),
        (stop(FOUND, DecisionWord.APPROVE), "word"),
        (stop(FOUND, hand="officer-2"), "key"),
        (stop(FOUND, digest=digest_of(EXTREME)), "other_digest"),
        (stop(FOUND, expires=NOW), "signature_expired"),
        (stop(FOUND, issued=NOW - timedelta(days=1)), "signature_expired"),
        (stop(FOUND, realm=Realm.DRILL), "realm"),
        (stop(FOUND).model_copy(update={"broadcast": text_of(EXTREME)}), "digest"),
        (stop(FOUND).model_copy(update={"lineage": "m" * 64}), "lineage"),
        (stop(FOUND, lineage="m" * 64), "lineage"),
    ],
)
def test_a_withdrawal_that_is_none(record: Stop, broken: str) -> None:
    with pytest.raises(NotTrustedError) as caught:
        verifier.stop(record, trusted(), Realm.LIVE, NOW)
    assert caught.value.rule == broken


def test_a_batch_with_one_id_added_removed_or_changed() -> None:
    ids = [f"{n:032x}" for n in range(5)]
    good = batch(FOUND, ids)
    verifier.batch(good, trusted(), Realm.LIVE)
    for others in ([*ids, "f" * 32], ids[:-1], [*ids[:-1], "f" * 32], ids[::-1]):
        stated = good.statement.model_copy(update={"subscribers": tuple(others)})
        with pytest.raises(NotTrustedError) as caught:
            verifier.batch(good.model_copy(update={"statement": stated}), trusted(), Realm.LIVE)
        assert caught.value.rule == "signature"


@pytest.mark.parametrize("hand", ["approve", "officer-1", "stranger"])
def test_a_batch_that_audience_did_not_sign(hand: str) -> None:
    with pytest.raises(NotTrustedError) as caught:
        verifier.batch(batch(FOUND, ["0" * 32], hand), trusted(), Realm.LIVE)
    assert caught.value.rule == "key"


def test_a_batch_of_the_other_realm_or_lineage_or_a_revoked_key() -> None:
    good = batch(FOUND, ["0" * 32])
    for record, current, realm in (
        (good, trusted(), Realm.DRILL),
        (good.model_copy(update={"lineage": "m" * 64}), trusted(), Realm.LIVE),
        (good, trusted(POLICY, "audience"), Realm.LIVE),
    ):
        with pytest.raises(NotTrustedError):
            verifier.batch(record, current, realm)


def test_a_recomposition_takes_its_role() -> None:
    assert verifier.recompose(recompose(), trusted(), Realm.LIVE).id == "officer-1"
    for record in (
        recompose("clerk-1", "clerk"),
        recompose("clerk-1", "officer"),
        recompose(hand="officer-2"),
        recompose().model_copy(update={"lineage": "m" * 64}),
    ):
        with pytest.raises(NotTrustedError):
            verifier.recompose(record, trusted(), Realm.LIVE)


@given(st.integers(0, 10_000), st.integers(0, 20_000))
def test_the_margin_is_ten_percent_of_what_the_signer_saw(seen: int, people: int) -> None:
    assert verifier.exceeds(seen, people, POLICY) == (people > seen * 1.1 + 1e-9)


def test_who_was_shown_no_number_agreed_to_nobody() -> None:
    assert verifier.exceeds(None, 1, POLICY)
    assert not verifier.exceeds(None, 0, POLICY)


def test_a_decision_survives_its_journey() -> None:
    said = GOOD.decisions[0]
    assert Decision.model_validate_json(said.model_dump_json()) == said
