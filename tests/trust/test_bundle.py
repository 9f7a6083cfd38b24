"""How a bundle is believed, how one follows another, and how a key is taken away."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import Bundle, Engine, Key, Person, Policy, Sign
from schemas.words import Realm, Severity
from services.runtime import trust, trusted
from services.runtime.trusted import NotTrustedError
from tests.support.trust import KEYS, POLICY, key, revocation, rule, signed_bundle, statement
from tests.support.trust import trusted as believed

FIRST = signed_bundle(statement())


def refused(candidate: Bundle, current: trusted.Trust | None = None, pinned: str | None = None) -> str:
    """The rule by which a bundle is refused."""
    with pytest.raises(NotTrustedError) as caught:
        trusted.bundle(candidate, Realm.LIVE, current, pinned)
    return caught.value.rule


def test_a_first_bundle_is_believed_with_and_without_its_pin() -> None:
    digest = trust.digest_of(trust.canonical(FIRST.statement))
    for pinned in (None, digest):
        assert trusted.bundle(FIRST, Realm.LIVE, None, pinned).bundle == FIRST.statement
    assert refused(FIRST, pinned="sha256:" + "0" * 64) == "pin"


@pytest.mark.parametrize(
    "signers", [(), ("admin-1",), ("admin-1", "admin-1"), ("admin-1", "officer-1"), ("admin-1", "admin-3")]
)
def test_one_administrator_is_not_two(signers: tuple[str, ...]) -> None:
    stated = statement()
    candidate = signed_bundle(stated, signers or ("officer-1", "officer-2"))
    assert refused(candidate) == "signatures"


def test_one_hand_with_two_names_is_not_two() -> None:
    stated = statement()
    forged = tuple(
        Sign(person=name, key=KEYS["admin-1"].id, signature=KEYS["admin-1"].sign("bundle", stated))
        for name in ("admin-1", "admin-2")
    )
    assert refused(Bundle(statement=stated, signatures=forged)) == "signatures"


def test_a_bundle_of_the_other_realm_is_refused() -> None:
    assert refused(signed_bundle(statement(realm=Realm.DRILL))) == "realm"


def test_serials_only_rise_and_one_serial_is_one_bundle() -> None:
    current = trusted.bundle(signed_bundle(statement(5)), Realm.LIVE, None, None)
    assert trusted.bundle(signed_bundle(statement(6)), Realm.LIVE, current, None).bundle.serial == 6
    assert trusted.bundle(signed_bundle(statement(5)), Realm.LIVE, current, None).bundle.serial == 5
    assert refused(signed_bundle(statement(4)), current) == "serial"
    weaker = POLICY.model_copy(update={"severities": {**POLICY.severities, Severity.EXTREME: rule(0, "release")}})
    assert refused(signed_bundle(statement(5, weaker)), current) == "serial"


def test_a_bundle_is_signed_by_the_administrators_before_it_not_by_its_own() -> None:
    usurper = (
        Person(id="stranger", roles=(), keys=(key("stranger"),)),
        Person(id="admin-3", roles=(), keys=(key("admin-3"),)),
    )
    coup = signed_bundle(statement(2, administrators=usurper), ("stranger", "admin-3"))
    assert refused(coup, believed()) == "signatures"
    handed_over = signed_bundle(statement(2, administrators=usurper), ("admin-1", "admin-2"))
    assert trusted.bundle(handed_over, Realm.LIVE, believed(), None).bundle.administrators == usurper


def test_a_revoked_administrator_signs_no_more_and_revocations_outlive_the_bundle() -> None:
    current = believed(POLICY, "admin-2")
    assert refused(signed_bundle(statement(2)), current) == "signatures"
    current = believed(POLICY, "officer-1")
    assert trusted.bundle(signed_bundle(statement(2)), Realm.LIVE, current, None).revoked == {KEYS["officer-1"].id}


def _people(*people: Person) -> dict[str, Any]:
    return {"people": people}


@pytest.mark.parametrize(
    "changes",
    [
        _people(
            Person(id="a", roles=("officer",), keys=(key("officer-1"),)),
            Person(id="b", roles=("officer",), keys=(key("officer-1"),)),
        ),
        _people(
            Person(id="a", roles=("officer",), keys=(key("officer-1"),)),
            Person(id="a", roles=("officer",), keys=(key("officer-2"),)),
        ),
        _people(Person(id="a", roles=(), keys=(Key(id="ed25519-0000000000000000", public=KEYS["officer-1"].public),))),
        _people(Person(id="a", roles=(), keys=(Key(id=KEYS["officer-1"].id, public="AAAA"),))),
        _people(Person(id="approve", roles=("officer",), keys=(key("approve"),))),
        {"engines": (Engine(id="a", use="batch", keys=(key("admin-1"),)),)},
        {"policy": POLICY.model_copy(update={"severities": {}})},
    ],
    ids=["key of two", "name of two", "foreign id", "no key", "engine's key", "administrator's key", "no rules"],
)
def test_a_bundle_in_which_two_could_be_one_is_refused(changes: dict[str, Any]) -> None:
    assert refused(signed_bundle(statement(**changes))) == "shape"


def test_an_administrator_may_also_be_one_of_the_people() -> None:
    both = (Person(id="admin-1", roles=("officer",), keys=(key("admin-1"),)),)
    found = trusted.bundle(signed_bundle(statement(people=both)), Realm.LIVE, None, None)
    assert found.person("admin-1").roles == ("officer",)


@pytest.mark.parametrize("by", ["admin-1", "admin-2", "officer-1"])
def test_an_administrator_or_the_owner_takes_a_key_away(by: str) -> None:
    after = trusted.revocation(revocation("officer-1", by), Realm.LIVE, believed())
    assert after.revoked == {KEYS["officer-1"].id}
    with pytest.raises(NotTrustedError, match="was revoked"):
        after.public(after.person("officer-1"), KEYS["officer-1"].id)


@pytest.mark.parametrize(
    ("candidate", "rule_broken"),
    [
        (revocation("officer-1", "officer-2"), "signatures"),
        (revocation("officer-1", "admin-1", signer="stranger"), "signatures"),
        (revocation("officer-1", "nobody", signer="admin-1"), "signatures"),
        (revocation("officer-1", "admin-1", realm=Realm.DRILL), "realm"),
    ],
)
def test_nobody_else_takes_a_key_away(candidate: Any, rule_broken: str) -> None:
    with pytest.raises(NotTrustedError) as caught:
        trusted.revocation(candidate, Realm.LIVE, believed())
    assert caught.value.rule == rule_broken


def test_a_key_that_was_taken_away_takes_none_away() -> None:
    with pytest.raises(NotTrustedError):
        trusted.revocation(revocation("admin-1", "admin-2"), Realm.LIVE, believed(POLICY, "admin-2"))


def test_an_engine_key_is_taken_away_by_an_administrator() -> None:
    after = trusted.revocation(revocation("approve", "admin-1"), Realm.LIVE, believed())
    with pytest.raises(NotTrustedError, match="was revoked"):
        after.public(after.engine(KEYS["approve"].id, "release"), KEYS["approve"].id)


@given(st.sampled_from(Severity), st.sampled_from([None, *Severity]))
def test_the_strictest_rule_is_never_weaker_than_either(severity: Severity, live: Severity | None) -> None:
    current = believed()
    word, found = current.strictest(severity, live)
    for either in filter(None, (severity, live)):
        assert found.quorum >= current.rule(either).quorum
        assert word.gravity <= either.gravity


def test_a_severity_without_a_rule_needs_what_the_gravest_needs() -> None:
    policy = Policy(
        severities={Severity.EXTREME: rule(2), Severity.MINOR: rule(0)}, override_roles=(), withdraw_roles=(),
        recompose_roles=(),
    )  # fmt: skip
    assert believed(policy).rule(Severity.UNKNOWN).quorum == 2
