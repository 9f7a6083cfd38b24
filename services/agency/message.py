"""One message as intake has spoken of it, and the answer that its publisher gets. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.alert import Alert, Finding, Refusal
from schemas.answer import Answer, Told
from schemas.words import AnswerState, Grade, Realm
from services.agency.standing import Standing
from services.place.publishers import UNKNOWN

_SAYS = {
    AnswerState.ACCEPTED: "intake has taken it",
    AnswerState.HELD: "a person must look at it before anything goes out",
}
#: Intake's rule for an Ack or Error of somebody.
_ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Heard:
    """What intake said of some bytes. `state` is accepted, held, refused or recorded; `findings` are JSON."""

    realm: Realm
    source: str
    publisher: str
    received: datetime
    state: AnswerState
    says: str
    findings: tuple[dict[str, Any], ...]
    identifier: str | None = None
    sender: str | None = None
    sent: datetime | None = None
    status: str | None = None
    lineage: str | None = None
    version: int | None = None


def of_alert(alert: Alert) -> Heard:
    """Intake took it, or holds it for a person."""
    state = AnswerState.HELD if alert.grade is Grade.HOLD else AnswerState.ACCEPTED
    return Heard(
        realm=alert.realm, source=alert.source, publisher=alert.publisher, received=alert.received, state=state,
        says=_SAYS[state], findings=tuple(map(_json, alert.findings)), identifier=alert.cap.identifier,
        sender=alert.cap.sender, sent=alert.cap.sent, status=alert.cap.status.value, lineage=alert.lineage,
        version=alert.version,
    )  # fmt: skip


def of_refusal(refusal: Refusal) -> Heard:
    """Intake did not take it, or keeps it as somebody's answer."""
    state = AnswerState.RECORDED if refusal.rule == _ANSWER else AnswerState.REFUSED
    finding = {
        "rule": refusal.rule, "grade": "refuse", "element": refusal.element, "line": refusal.line,
        "says": refusal.says, "expected": refusal.expected,
    }  # fmt: skip
    return Heard(
        realm=refusal.realm, source=refusal.source, publisher=refusal.publisher or UNKNOWN, received=refusal.received,
        state=state, says=refusal.says, findings=({name: value for name, value in finding.items() if value},),
        identifier=refusal.identifier, sender=refusal.sender, sent=refusal.sent,
    )  # fmt: skip


def _json(finding: Finding) -> dict[str, Any]:
    return Told.model_validate(finding.model_dump()).model_dump(mode="json", exclude_none=True)


def said(heard: Heard, standing: Standing | None, pages: str | None) -> dict[str, Any]:
    """What the door shows of a message: intake's word, or a later one. `pages` is where pages of record are served."""
    later = standing if heard.lineage is not None else None
    state = heard.state if later is None else later.state
    found = {
        "state": state.value, "says": heard.says if later is None else later.says,
        "findings": [*heard.findings, *(later.findings if later else ())], "why": later.why if later else None,
        "lineage": heard.lineage, "version": heard.version, "identifier": heard.identifier, "realm": heard.realm.value,
    }  # fmt: skip
    if state is AnswerState.RELEASED and pages and heard.lineage:
        found["page"] = f"{pages.rstrip('/')}/{heard.lineage}.html"
    return {name: value for name, value in found.items() if value is not None}


def answer_of(heard: Heard, words: dict[str, Any], now: datetime) -> Answer:
    """The record for the publisher's topic."""
    grade = {AnswerState.HELD: Grade.HOLD, AnswerState.ACCEPTED: Grade.ACCEPT}.get(heard.state)
    findings = map(Told.model_validate, words["findings"])
    return Answer(
        realm=heard.realm, publisher=heard.publisher, source=heard.source, identifier=heard.identifier,
        sender=heard.sender, state=AnswerState(words["state"]), grade=grade, findings=tuple(findings),
        says=words["says"], why=words.get("why"), lineage=heard.lineage, version=heard.version,
        status=f"/alerts/{heard.source}", page=words.get("page"), at=now,
    )  # fmt: skip
