"""Counting people, never signatures."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.broadcast import Broadcast
from schemas.words import DecisionWord, Realm, Severity
from services.approve.quorum import Case, check, standing
from services.runtime import verifier
from services.runtime.trusted import NotTrustedError
from tests.support.trust import NOW, PUBLIC_ONLY, broadcast, decision, digest_of, release, trusted

EXTREME = broadcast(Severity.EXTREME)


def case(found: Broadcast = EXTREME, **more: Any) -> Case:
    return Case(found, digest_of(found), trusted(), Realm.LIVE, NOW, **more)


def broken(judged: Case, **changes: Any) -> str:
    with pytest.raises(NotTrustedError) as caught:
        check(judged, decision(EXTREME, **changes))
    return caught.value.rule


def test_two_different_people_are_two_and_one_twice_is_one() -> None:
    twice = standing(case(), [decision(EXTREME), decision(EXTREME)])
    assert (twice.have, twice.need, twice.complete) == (1, 2, False)
    two = standing(case(), [decision(EXTREME), decision(EXTREME, "officer-2")])
    assert (two.have, two.complete, two.overridden) == (2, True, False)


def test_one_override_completes_it() -> None:
    found = standing(case(), [decision(EXTREME, "director-1", DecisionWord.OVERRIDE)])
    assert (found.have, found.need, found.complete) == (1, 2, True)


def test_of_one_person_the_latest_approval_stands() -> None:
    said = [decision(EXTREME, reach=10), decision(EXTREME, reach=100)]
    assert standing(case(reach=100), said).counted == (said[1],)
    assert standing(case(reach=10), said).counted == (said[1],)


def test_what_is_refused_everywhere_is_refused_here() -> None:
    assert broken(case(), person="clerk-1", role="clerk") == "role"
    assert broken(case(), hand="officer-2") == "key"
    assert broken(case(), expires=NOW) == "signature_expired"
    assert broken(case(), issued=NOW - timedelta(hours=2)) == "signature_expired"
    assert broken(case(), realm=Realm.DRILL) == "realm"
    assert broken(case(), digest=digest_of(broadcast())) == "other_digest"
    assert broken(case(), lineage="m" * 64) == "lineage"
    assert broken(case(), word=DecisionWord.WITHDRAW) == "word"


def test_an_audience_that_has_outgrown_the_signer_does_not_count_him() -> None:
    assert broken(case(reach=111), reach=100) == "reach"
    assert broken(case(reach=1)) == "reach"
    assert check(case(reach=110), decision(EXTREME, reach=100)) == "officer-1"


def test_where_nobody_is_selected_there_is_no_reach_to_outgrow() -> None:
    found = broadcast(**PUBLIC_ONLY)
    assert check(case(found, reach=1000), decision(found)) == "officer-1"


def test_a_return_and_a_reject_need_a_reason_and_a_role() -> None:
    for word in (DecisionWord.RETURN, DecisionWord.REJECT):
        assert broken(case(), word=word, reason=None) == "reason"
        assert broken(case(), word=word, person="clerk-1", role="clerk") == "role"
        assert check(case(), decision(EXTREME, word=word)) == "officer-1"


def test_an_author_may_send_back_what_he_may_not_approve() -> None:
    mine = broadcast(Severity.EXTREME, authors=("officer-1",))
    assert check(case(mine), decision(mine, word=DecisionWord.RETURN)) == "officer-1"
    with pytest.raises(NotTrustedError, match="nobody approves"):
        check(case(mine), decision(mine))


_people = st.lists(st.sampled_from(["officer-1", "officer-2", "officer-3", "director-1", "clerk-1"]), max_size=6)


@given(_people, st.sampled_from(Severity), st.sampled_from([None, *Severity]))
def test_what_is_complete_here_is_believed_by_a_dispatcher_and_nothing_else(
    people: list[str], severity: Severity, live: Severity | None
) -> None:
    found = broadcast(severity)
    said = [decision(found, person) for person in people]
    here = standing(case(found, live=live), said)
    if here.complete:
        believed = verifier.release(release(found, *here.counted), trusted(), Realm.LIVE, NOW, live)
        assert set(believed.people) == {d.statement.person for d in here.counted}
    else:
        with pytest.raises(NotTrustedError):
            verifier.release(release(found, *said or [decision(found, "clerk-1")]), trusted(), Realm.LIVE, NOW, live)


@given(_people, st.randoms())
def test_the_order_of_arrival_does_not_change_the_count(people: list[str], random: Any) -> None:
    said = [decision(EXTREME, person) for person in people]
    before = standing(case(), said).have
    random.shuffle(said)
    assert standing(case(), said).have == before == len({*people} - {"clerk-1"})
