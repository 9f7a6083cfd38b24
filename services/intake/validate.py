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
from services.intake import judge
from services.intake.content import remarks
from services.intake.findings import Cost, Remark, grade_of
from services.intake.history import History
from services.intake.judge import Accept, HandOver, Refuse
from services.intake.publishers import Register, unknown_sender

#: A message is judged this long after its own `sent`, unless told otherwise.
AFTER_SENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What intake would say. `alert` is None where the bytes could not be read; findings are in order of cost."""

    grade: Literal["accept", "hold", "refuse"]
    findings: tuple[Remark, ...]
    alert: CapAlert | None = None


def validate(
    data: bytes, content_type: str | None = None, *, at: datetime | None = None, register: Register | None = None,
    realm: Realm | None = None,
) -> Verdict:  # fmt: skip
    """Judge `data` as of `at`; without a register no sender is unknown, without a realm the status names it."""
    try:
        reading = read(data, content_type)
    except CapError as error:
        return Verdict("refuse", (refusal_of(error),))
    alert = reading.alert
    found = remarks(reading, at or alert.sent + AFTER_SENT)
    if register is not None:
        found.extend(unknown_sender(register, alert.sender))
    return _verdict(alert, found, judge.gate(alert, realm or _realm_of(alert)))


def _realm_of(alert: CapAlert) -> Realm:
    return Realm.LIVE if alert.status in {Status.ACTUAL, Status.DRAFT} else Realm.DRILL


def _verdict(alert: CapAlert, found: list[Remark], gated: Refuse | HandOver | None) -> Verdict:
    if isinstance(gated, Refuse):
        return Verdict("refuse", _by_cost([gated.remark, *found]), alert)
    if isinstance(gated, HandOver):
        found.append(Remark("hand-over", f"status is {alert.status}: live intake hands it to the drill", "status"))
    decision = judge.decide(alert, History(), waited=True)
    if isinstance(decision, Accept):
        found.extend(map(_parent_unknown_here, decision.remarks))
    return Verdict("hold" if grade_of(found) is Grade.HOLD else "accept", _by_cost(found), alert)


def _parent_unknown_here(remark: Remark) -> Remark:
    if remark.rule != "unknown-reference":
        return remark
    return Remark("partly-unknown-reference", "what it refers to is not known here", remark.element)


def _by_cost(found: list[Remark]) -> tuple[Remark, ...]:
    return tuple(sorted(found, key=lambda remark: Cost.REFUSE - remark.cost))


def refusal_of(error: CapError) -> Remark:
    """What reading refused, as a remark."""
    return Remark(error.rule, error.says, element=error.element, line=error.line, expected=error.expected)
