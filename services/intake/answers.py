"""The records that intake writes: the Alert and the Refusal."""

from schemas.alert import Alert, Refusal
from schemas.words import Realm
from services.cap.reading import Reading
from services.intake.findings import Remark, finding_of, grade_of
from services.intake.judge import Accept
from services.intake.store import Original
from services.place.publishers import UNKNOWN, Publisher

ROOM = "intake"


def alert_of(
    realm: Realm, original: Original, reading: Reading, decision: Accept, *, found: list[Remark],
    publisher: Publisher | None,
) -> Alert:  # fmt: skip
    """The message with its place; `found` is all that was remarked, the decision's remarks among them."""
    return Alert(
        realm=realm,
        lineage=decision.lineage,
        version=decision.version,
        grade=grade_of(found),
        findings=tuple(map(finding_of, found)),
        source=original.digest,
        received=original.received,
        publisher=publisher.id if publisher else UNKNOWN,
        authors=publisher.persons if publisher else (),
        cap=reading.alert,
    )


def refusal_of(
    realm: Realm, original: Original, reading: Reading | None, remark: Remark, *, taken_by: str | None = None,
    publisher: Publisher | None = None,
) -> Refusal:  # fmt: skip
    """Why these bytes did not become an Alert. `taken_by` is the hash of what was accepted in their name.

    `publisher` is whose sender id they bear: it is told, whoever sent them.
    """
    return Refusal(
        realm=realm,
        source=original.digest,
        received=original.received,
        identifier=reading.alert.identifier if reading else None,
        sender=reading.alert.sender if reading else None,
        rule=remark.rule,
        element=remark.element,
        says=remark.says,
        expected=remark.expected,
        accepted_before=taken_by,
        line=remark.line,
        sent=reading.alert.sent if reading else None,
        publisher=publisher.id if publisher else None,
    )
