"""A person at the command line: sees what is hashed here, signs what was seen, and is told what became of it.

The verbs run against a real approve on a real store; only Kafka and HTTP between them are left out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.base import Record
from schemas.broadcast import Broadcast
from schemas.decision import Decision
from schemas.topics import DECIDED, Topic
from schemas.words import DecisionWord, Severity
from services.cli.context import Context
from services.cli.deciding import Wish, decide
from services.cli.errors import Code, Failure
from services.cli.exact_bytes import hashed
from services.cli.proof import check_code, proof, visible
from services.cli.signing import Signer
from services.runtime.trust import write_key
from tests.approve.desk import Desk
from tests.support.trust import KEYS, broadcast, digest_of, estimate, revocation, text_of


@dataclass(frozen=True)
class DeskContext(Context):
    """A context whose approve is a desk in this process."""

    desk: Any = None
    lie: str | None = None

    def get(self, room: str, path: str) -> Any:
        """What approve's door would answer."""
        assert room == "approve"
        showing = self.desk.parts.showing
        show = showing.held_by_prefix if path.startswith("/held/") else showing.by_prefix
        with self.desk.parts.store.begin() as c:
            found = show(c, self.desk.clock.now(), f"sha256:{path.rpartition('/')[2]}")
        items = json.loads(json.dumps(found))
        return [{**item, "text": self.lie} for item in items] if self.lie else items

    def publish(self, topic: Topic, key: str, value: Record | bytes, headers: Any = None) -> None:
        """Straight into approve."""
        del headers
        assert topic is DECIDED
        assert isinstance(value, Decision)
        assert key == value.lineage
        self.desk.take("decided", value)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    found.clock.moment = datetime.now(UTC)
    for name in KEYS:
        write_key(KEYS[name], tmp_path / f"{name}.pem")
    yield found
    found.close()


def fresh(severity: Severity = Severity.SEVERE, **changes: Any) -> Broadcast:
    """A Broadcast of this minute: the command line's own clock is the machine's."""
    now = datetime.now(UTC).replace(microsecond=0)
    return broadcast(severity, **{"composed": now, "received": now, "expires": now + timedelta(hours=1), **changes})


def entered(desk: Desk, found: Broadcast, people: int | None = 1000) -> Broadcast:
    desk.composed(found)
    if people is not None:
        desk.take("estimated", estimate(found, people, desk.clock.now()))
    return found


def context(desk: Desk, **more: Any) -> DeskContext:
    return DeskContext(data=desk.shared.data, as_json=True, desk=desk, **more)


def wish(
    desk: Desk, person: str, word: DecisionWord = DecisionWord.APPROVE, *, hand: str | None = None,
    role: str | None = None, reason: str | None = "because",
) -> Wish:  # fmt: skip
    return Wish(word, Signer(person, desk.shared.data / f"{hand or person}.pem", role), reason, yes=True)


def failure(desk: Desk, found: Broadcast, asked: Wish, **more: Any) -> Failure:
    """How the verb ends; nothing was published by it."""
    before = len(desk.releases())
    with pytest.raises(Failure) as caught:
        decide(context(desk, **more), digest_of(found), asked)
    assert len(desk.releases()) == before
    return caught.value


def test_one_approval_is_counted_and_the_answer_says_so(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    found = entered(desk, fresh())
    decide(context(desk), digest_of(found)[7:15], wish(desk, "officer-1", reason=None))
    answer = json.loads(capsys.readouterr().out)
    assert {name: answer[name] for name in ("verdict", "state", "have", "need", "reach", "role")} == {
        "verdict": "counted", "state": "released", "have": 1, "need": 1, "reach": 1000, "role": "officer",
    }  # fmt: skip
    (record,) = desk.releases()
    assert record.decisions[0].statement.expires == found.expires


def test_a_lying_door_gets_no_signature(desk: Desk) -> None:
    found = entered(desk, fresh())
    other = text_of(fresh(headline="Do not boil your water"))
    assert "do not sign" in str(failure(desk, found, wish(desk, "officer-1"), lie=other))
    loose = json.dumps(json.loads(text_of(found)))
    assert "canonical" in str(failure(desk, found, wish(desk, "officer-1"), lie=loose))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"person": "clerk-1"}, "may not do this"),
        ({"person": "officer-1", "hand": "officer-2"}, "does not belong to the signer"),
        ({"person": "nobody", "hand": "stranger"}, "nobody of that name"),
        ({"person": "officer-1", "role": "director"}, "may not do this as director"),
        ({"person": "officer-1", "word": DecisionWord.OVERRIDE}, "may not do this"),
        ({"person": "officer-1", "word": DecisionWord.REJECT, "reason": None}, "needs --reason"),
        ({"person": "officer-1", "hand": "no-such-file"}, "cannot be read"),
    ],
)
def test_what_nobody_would_believe_is_said_and_not_published(desk: Desk, asked: dict[str, Any], says: str) -> None:
    found = entered(desk, fresh())
    assert says in str(failure(desk, found, wish(desk, **asked)))
    assert desk.pending()["waiting"][0]["decisions"] == []


def test_an_author_is_told_that_somebody_else_must(desk: Desk) -> None:
    found = entered(desk, fresh(authors=("officer-1",)))
    assert "somebody else must" in str(failure(desk, found, wish(desk, "officer-1")))


def test_what_waits_no_more_or_was_never_there(desk: Desk) -> None:
    found = entered(desk, fresh())
    decide(context(desk), digest_of(found), wish(desk, "officer-1", DecisionWord.RETURN))
    assert "waits no more: it is withheld" in str(failure(desk, found, wish(desk, "officer-2")))
    assert "approve has nothing" in str(failure(desk, fresh(headline="Other"), wish(desk, "officer-2")))
    with pytest.raises(Failure) as caught:
        decide(context(desk), "abc", wish(desk, "officer-2"))
    assert caught.value.code is Code.WRONG


def test_an_alert_that_has_expired_is_not_signed(desk: Desk) -> None:
    """Approve's clock is a minute behind, so there it still waits."""
    desk.clock.moment = datetime.now(UTC) - timedelta(minutes=1)
    over = entered(desk, fresh(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert "expired" in str(failure(desk, over, wish(desk, "officer-1")))


def test_a_decision_that_approve_refuses_is_reported_with_its_meaning(desk: Desk) -> None:
    """The key is revoked where approve is, and this data folder does not know yet."""
    found = entered(desk, fresh())
    desk.parts.keeper.take(revocation("officer-1", "admin-1"))
    assert "this key was taken away" in str(failure(desk, found, wish(desk, "officer-1")))


def test_an_override_says_why_and_goes(desk: Desk) -> None:
    found = entered(desk, fresh(Severity.EXTREME))
    decide(context(desk), digest_of(found), wish(desk, "director-1", DecisionWord.OVERRIDE))
    assert desk.releases()[0].decisions[0].statement.reason == "because"


def test_the_proof_shows_every_text_and_hides_nothing(desk: Desk) -> None:
    found = entered(desk, fresh(headline="Boil \x1b[2Jwater\u202e"))
    item = context(desk).get("approve", f"/digests/{digest_of(found)[7:]}")[0]
    shown = proof(hashed(context(desk), item["text"], "approve", item))
    assert digest_of(found) in shown
    assert check_code(digest_of(found)) == digest_of(found)[7:15]
    assert "1,000 people" in shown
    for rendition in (*found.renditions, *found.withdrawals):
        for part in rendition.parts:
            assert f"  {part}" in shown
    assert "\x1b" not in shown
    assert "\\u001b[2J" in shown
    assert "\\u202e" in shown


def test_the_proof_says_of_a_fictional_place_that_no_real_account_takes_it(desk: Desk) -> None:
    for found, says in ((fresh(fictional=True), True), (fresh(lineage="m" * 64), False)):
        shown = proof(hashed(context(desk), text_of(found), "approve"))
        assert ("sandbox accounts only" in shown.splitlines()[1]) is says


def test_letters_of_every_script_stay_as_they_are() -> None:
    for text in ("¡Hierva el agua! ñ", "鍋を沸かす", "الماء", "👩\u200d🚒", "1,000 m²"):
        assert visible(text) == text
    for text in ("\t", "\x00", "\x9b", "\u2066", "\u200e", "\u2028", "\ufeff"):
        assert visible(text).startswith("\\u")
