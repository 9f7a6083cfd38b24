"""One message judged by itself, without Kafka and without a store: what `tocsin validate` shows.

The same rules as the room's; a message that it refers to is not known here, which is a note and not a hold.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from schemas.cap import CapAlert, Status
from schemas.words import Grade, Realm
from services.cap.read import read
from services.cap.reading import CapError
from services.intake import content, judge
from services.intake.case import Case
from services.intake.findings import Remark, grade_of
from services.intake.history import History
from services.intake.judge import Accept, Answer, HandOver, Refuse
from services.intake.rules import Cost
from services.intake.signing import SignatureState, state_of
from services.place.publishers import Register

#: A message is judged this long after its own `sent`, unless told otherwise.
AFTER_SENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What intake would say. `alert` is None where the bytes could not be read; findings are in order of cost."""

    grade: Literal["accept", "hold", "refuse"]
    findings: tuple[Remark, ...]
    alert: CapAlert | None = None
    signature: SignatureState = SignatureState.NONE


def validate(
    data: bytes, content_type: str | None = None, *, at: datetime | None = None, register: Register | None = None,
    realm: Realm | None = None, known: frozenset[str] | None = None,
) -> Verdict:  # fmt: skip
    """Judge `data` as of `at`; without a register no sender is unknown, without a realm the status names it.

    `known` are the keys (`services.cap.names.key_of`) of earlier messages: with it, an unknown parent is a hold.
    """
    try:
        reading = read(data, content_type)
    except CapError as error:
        return Verdict("refuse", (refusal_of(error),))
    case = Case(reading, at or reading.alert.sent + AFTER_SENT, register)
    gated = judge.gate(reading.alert, realm or _realm_of(reading.alert))
    return _verdict(case, content.remarks(case), gated, known)


def _realm_of(alert: CapAlert) -> Realm:
    return Realm.LIVE if alert.status in {Status.ACTUAL, Status.DRAFT} else Realm.DRILL


def _verdict(
    case: Case, found: list[Remark], gated: Refuse | HandOver | Answer | None, known: frozenset[str] | None
) -> Verdict:
    alert = case.alert
    match gated:
        case Refuse() | Answer():
            found.append(gated.remark)
        case HandOver():
            found.append(Remark("hand-over", f"status is {alert.status}: live intake hands it to the drill", "status"))
        case None:
            found.extend(_among(alert, known))
    return Verdict(_grade(found), _by_cost(found), alert, state_of(case))


def _grade(found: list[Remark]) -> Literal["accept", "hold", "refuse"]:
    if any(remark.cost is Cost.REFUSE for remark in found):
        return "refuse"
    return "hold" if grade_of(found) is Grade.HOLD else "accept"


def _among(alert: CapAlert, known: frozenset[str] | None) -> list[Remark]:
    """What its place among others would be said of: with no more known of them than their names."""
    decision = judge.decide(alert, History(), waited=True)
    if not isinstance(decision, Accept):
        return []
    if known is None:
        return list(map(_parent_unknown_here, decision.remarks))
    missing = not known.issuperset(judge.others(alert))
    return [remark for remark in decision.remarks if remark.rule != "unknown-reference" or missing]


def _parent_unknown_here(remark: Remark) -> Remark:
    if remark.rule != "unknown-reference":
        return remark
    return Remark("partly-unknown-reference", "what it refers to is not known here", remark.element)


def _by_cost(found: list[Remark]) -> tuple[Remark, ...]:
    return tuple(sorted(found, key=lambda remark: Cost.REFUSE - remark.cost))


def refusal_of(error: CapError) -> Remark:
    """What reading refused, as a remark."""
    return Remark(error.rule, error.says, element=error.element, line=error.line, expected=error.expected)
