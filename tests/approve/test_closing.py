"""An alert of which no texts could be made: a person ends it with a signed word and a reason, as texts are ended."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.release import Withheld
from schemas.topics import WITHHELD
from schemas.words import BroadcastKind, DecisionWord
from services.approve import tables
from services.approve.outcomes import Refused, TooLate, WithheldNow
from services.cli.closing import find_hold, read_hold, say, shown
from services.cli.errors import Code, Failure
from services.runtime import holds
from services.runtime.trust import write_key
from tests.approve.desk import Desk
from tests.approve.test_deciding import context, wish
from tests.support.trust import (
    KEYS,
    LINEAGE,
    NOW,
    broadcast,
    decision,
    held,
    nonce,
    revocation,
    signed_bundle,
    statement,
)

HELD = held()
REJECT, RETURN = DecisionWord.REJECT, DecisionWord.RETURN


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.close()


def no(word: DecisionWord = REJECT, person: str = "officer-1", of: Any = HELD, **changes: Any) -> Any:
    return decision(of, person, word, **{"expires": NOW + timedelta(days=30), **changes})


def waits(desk: Desk) -> list[int]:
    """The versions that approvers see held; the gauge says the same."""
    found = [int(item["version"]) for item in desk.pending()["held"]]
    with desk.parts.store.begin() as c:
        assert desk.parts.showing.counts(c, desk.clock.now())[2] == len(found)
    return found


@pytest.mark.parametrize(("word", "reason"), [(REJECT, "rejected"), (RETURN, "returned")])
def test_it_leaves_the_list_and_everybody_hears_who_and_why(desk: Desk, word: DecisionWord, reason: str) -> None:
    desk.held(HELD)
    desk.after(minutes=11)
    assert waits(desk) == [1]
    (outcome,) = desk.take("decided", no(word, reason="it is last week's"))
    assert isinstance(outcome, WithheldNow)
    assert outcome.reason == reason
    assert waits(desk) == []
    (record,) = desk.published(WITHHELD, Withheld)
    assert (record.version, record.revision, record.digest) == (1, 1, holds.digest_of(HELD))
    assert (record.reason, record.why) == (reason, "it is last week's")
    assert "officer-1" in record.says
    assert [(alarm.rule, alarm.over) for alarm in desk.alarms()] == [("held", False), ("held", True)]
    desk.after(days=2)
    assert len(desk.alarms()) == 2
    with desk.parts.store.begin() as c:
        headers = sa.select(tables.outgoing.c.headers).where(tables.outgoing.c.topic == WITHHELD.name)
        assert c.execute(headers).scalar_one()["tocsin-correlation"] == "corr"


def test_every_order_and_any_repetition_end_the_same(tmp_path: Path) -> None:
    said = no()
    for number, order in enumerate(itertools.product([0, 1], repeat=3)):
        desk = Desk(tmp_path / str(number))
        for which in (*order, 0, 1):
            desk.held(HELD) if which == 0 else desk.take("decided", said)
        desk.restart()
        desk.held(HELD)
        desk.take("decided", said)
        assert (waits(desk), desk.withheld()) == ([], [(1, "rejected")])
        desk.close()


def test_a_store_that_has_forgotten_reads_it_again_weeks_later_and_ends_the_same(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.clock.pass_time(days=20)
    desk.held(HELD)
    desk.take("decided", no())
    desk.after(minutes=1)
    assert (waits(desk), desk.withheld()) == ([], [(1, "rejected")])
    desk.close()


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        ({"word": DecisionWord.APPROVE}, "word"),
        ({"word": DecisionWord.OVERRIDE, "person": "director-1"}, "word"),
        ({"person": "clerk-1"}, "role"),
        ({"hand": "officer-2"}, "key"),
        ({"hand": "stranger"}, "key"),
        ({"reason": None}, "reason"),
        ({"lineage": "m" * 64}, "lineage"),
        ({"expires": NOW}, "signature_expired"),
    ],
)
def test_what_is_not_believed_ends_nothing(desk: Desk, said: dict[str, Any], broken: str) -> None:
    desk.held(HELD)
    assert desk.take("decided", no(**said)) == [Refused(broken, LINEAGE)]
    assert (waits(desk), desk.withheld()) == ([1], [])
    assert desk.pending()["held"][0]["decisions"][0]["verdict"] == broken
    desk.take("decided", no(person="director-1"))
    assert waits(desk) == []


def test_a_word_that_is_changed_after_it_was_signed_ends_nothing(desk: Desk) -> None:
    desk.held(HELD)
    true = no()
    other = true.model_copy(update={"statement": true.statement.model_copy(update={"nonce": nonce()})})
    assert desk.take("decided", other) == [Refused("signature", LINEAGE)]
    assert waits(desk) == [1]


def test_a_word_about_another_version_or_other_findings_ends_nothing(desk: Desk) -> None:
    desk.held(HELD)
    for of in (held(version=2), held(says="There is no such place.")):
        assert desk.take("decided", no(of=of)) == []
    assert waits(desk) == [1]


def test_without_a_bundle_it_waits_and_counts_once_there_is_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, bundle=False)
    desk.held(HELD)
    assert desk.take("decided", no()) == []
    assert desk.pending()["held"][0]["decisions"][0]["verdict"] == "waits"
    desk.seed(signed_bundle(statement()))
    desk.take("trust_changed")
    assert (waits(desk), desk.withheld()) == ([], [(1, "rejected")])
    desk.close()


def test_the_second_to_say_so_is_too_late(desk: Desk) -> None:
    desk.held(HELD)
    desk.take("decided", no())
    assert desk.take("decided", no(RETURN, "officer-2")) == [TooLate()]
    assert desk.withheld() == [(1, "rejected")]


def test_compose_says_it_again_after_a_restore_and_it_stays_ended(desk: Desk) -> None:
    """Its publisher heard that it is held, newer than what approve said: so approve says that again, after it."""
    desk.held(HELD)
    desk.take("decided", no())
    again = held(NOW + timedelta(hours=2))
    desk.clock.pass_time(hours=1)
    desk.held(again)
    desk.held(again)
    assert waits(desk) == []
    first, second = desk.published(WITHHELD, Withheld)
    assert (first.digest, first.at) == (second.digest, NOW)
    assert second.at == again.held


def test_other_findings_of_the_same_version_are_asked_about_anew(desk: Desk) -> None:
    desk.held(HELD)
    desk.take("decided", no())
    other = held(NOW + timedelta(hours=1), says="There is no such place.")
    desk.held(other)
    assert waits(desk) == [1]
    assert desk.pending()["held"][0]["digest"] == holds.digest_of(other)
    desk.held(HELD)  # the first of them, once more
    assert waits(desk) == [1]
    desk.take("decided", no(of=other))
    assert (waits(desk), desk.withheld()) == ([], [(1, "rejected"), (1, "rejected")])


def test_what_is_said_again_while_it_waits_waits_no_longer_for_it(desk: Desk) -> None:
    desk.held(HELD)
    desk.held(held(NOW + timedelta(minutes=5)))
    assert desk.after(minutes=10) != []


def test_a_newer_version_is_not_touched(desk: Desk) -> None:
    desk.held(HELD)
    desk.held(held(version=2))
    desk.take("decided", no())
    assert waits(desk) == [2]
    update = broadcast(version=3, kind=BroadcastKind.UPDATE)
    desk.composed(update)
    assert desk.state(update) == "waiting"
    desk.take("decided", decision(update))
    assert (desk.state(update), desk.withheld()) == ("released", [(1, "rejected")])


def test_texts_that_are_made_of_it_after_all_wait_as_any_do(desk: Desk) -> None:
    desk.held(HELD)
    desk.take("decided", no())
    texts = broadcast(composed=NOW + timedelta(minutes=5))
    desk.composed(texts)
    assert desk.state(texts) == "waiting"
    desk.take("decided", decision(texts))
    assert desk.state(texts) == "released"


def test_what_texts_were_made_of_is_not_ended_by_a_word_about_the_hold(desk: Desk) -> None:
    desk.held(HELD)
    texts = broadcast(composed=NOW + timedelta(minutes=5))
    desk.composed(texts)
    assert desk.take("decided", no()) == [TooLate()]
    assert (desk.state(texts), desk.withheld()) == ("waiting", [])


def test_where_an_earlier_revision_is_out_only_the_question_is_over(desk: Desk) -> None:
    """Its publisher heard `held`; now it hears again that it was released, and never that it goes to nobody."""
    out = broadcast()
    desk.composed(out)
    desk.take("decided", decision(out))
    desk.held(HELD)
    desk.take("decided", no())
    assert (waits(desk), desk.withheld()) == ([], [])
    assert desk.approvals() == [("waiting", 0, 1), ("released", 1, 1), ("released", 1, 1)]


def test_what_is_followed_no_longer_can_still_be_ended_and_its_alarm_is_over(desk: Desk) -> None:
    desk.held(HELD)
    desk.after(days=1)
    assert (waits(desk), desk.alarms()[-1].over) == ([], False)
    desk.take("decided", no())
    assert desk.withheld() == [(1, "rejected")]
    assert desk.alarms()[-1].over


def test_what_an_earlier_release_has_written_can_be_ended(desk: Desk) -> None:
    desk.held(HELD)
    with desk.parts.store.begin() as c:
        c.execute(sa.update(tables.held).values(digest=None, correlation=""))
    desk.take("decided", no())
    assert (waits(desk), desk.withheld()) == ([], [(1, "rejected")])


# --- at the command line ---


@pytest.fixture
def now_desk(desk: Desk, tmp_path: Path) -> Desk:
    """A desk of this minute with a held alert: the command line's own clock is the machine's."""
    desk.clock.moment = datetime.now(UTC)
    for name in KEYS:
        write_key(KEYS[name], tmp_path / f"{name}.pem")
    desk.held(held(desk.clock.now()))
    return desk


def failure(desk: Desk, prefix: str, asked: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        say(context(desk), prefix, asked)
    assert desk.withheld() == []
    return caught.value


def test_a_person_ends_it_and_is_told(now_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    digest = holds.digest_of(HELD)
    say(context(now_desk), digest[7:15], wish(now_desk, "officer-1", REJECT))
    assert '"verdict": "counted", "state": "withheld"' in capsys.readouterr().out
    assert (waits(now_desk), now_desk.withheld()) == ([], [(1, "rejected")])
    with pytest.raises(Failure, match="waits no more: it is withheld"):
        say(context(now_desk), digest, wish(now_desk, "officer-2", REJECT))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"person": "officer-1", "word": DecisionWord.APPROVE}, "nothing to approve: `tocsin recompose"),
        ({"person": "officer-1", "word": REJECT, "reason": None}, "needs --reason"),
        ({"person": "officer-1", "word": REJECT, "reason": "Patient Jane Doe, MRN 55512345"}, "may identify a person"),
        ({"person": "clerk-1", "word": REJECT}, "may not do this"),
        ({"person": "officer-1", "word": REJECT, "hand": "officer-2"}, "does not belong to the signer"),
    ],
)
def test_what_cannot_be_is_said_and_not_published(now_desk: Desk, asked: dict[str, Any], says: str) -> None:
    found = failure(now_desk, holds.digest_of(HELD), wish(now_desk, **asked))
    assert says in str(found)
    assert found.code in {Code.NO, Code.WRONG}
    assert waits(now_desk) == [1]


def test_a_key_that_was_taken_away_is_reported_with_its_meaning(now_desk: Desk) -> None:
    now_desk.parts.keeper.take(revocation("officer-1", "admin-1"))
    says = str(failure(now_desk, holds.digest_of(HELD), wish(now_desk, "officer-1", REJECT)))
    assert "this key was taken away" in says


def test_what_is_signed_is_hashed_here_and_shown_plainly(now_desk: Desk) -> None:
    lie = context(now_desk, lie=held(says="Other \x1b[2Jwords").model_dump_json())
    with pytest.raises(Failure, match="do not sign"):
        find_hold(lie, holds.digest_of(HELD))
    item = now_desk.pending()["held"][0]
    with pytest.raises(Failure, match="do not sign"):
        read_hold(context(now_desk), {**item, "text": "{}"})
    told = shown(read_hold(context(now_desk), {**item, "text": held(says="Boil \x1b[2J").model_dump_json()}))
    assert "finding     Boil \\u001b[2J" in told
    assert f"deadline    {item['deadline']}" in told


def test_a_digest_of_texts_or_of_nothing_is_no_hold(now_desk: Desk) -> None:
    texts = broadcast(lineage="m" * 64)
    now_desk.composed(texts)
    assert find_hold(context(now_desk), "0" * 64) is None
    assert find_hold(context(now_desk), "no digest") is None
