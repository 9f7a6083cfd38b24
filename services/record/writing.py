"""What alerts, Broadcasts and decisions change in the projection, each in one transaction a record."""

import sqlalchemy as sa

from schemas.alert import Alert, Refusal
from schemas.answer import BytesRead
from schemas.audience import AudienceEstimate
from schemas.base import Record, instant_text
from schemas.broadcast import Broadcast, Held
from schemas.decision import Decision, Recompose, RecomposeStatement, Statement
from schemas.release import Approval, Release, Stop, Withheld
from schemas.words import ApprovalState
from services.identifiers.masking import masked
from services.record import tables
from services.record.store import keep_newest
from services.record.timeline import Entry, What, note, record_id, when
from services.runtime import holds
from services.runtime.decoding import Envelope
from services.runtime.store import insert_new
from services.runtime.trust import digest_of

APPROVAL_WORDS = {
    ApprovalState.WAITING: What.WAITING,
    ApprovalState.COUNTED: What.COUNTED,
    ApprovalState.ESCALATED: What.ESCALATED,
    ApprovalState.RELEASED: What.APPROVED,
    ApprovalState.WITHHELD: What.WITHHELD,
}


def accepted(connection: sa.Connection, record: Alert, envelope: Envelope) -> None:
    """An alert has a lineage and a version."""
    info = record.cap.info[0] if record.cap.info else None
    row = {
        "lineage": record.lineage, "version": record.version, "identifier": record.cap.identifier,
        "sender": record.cap.sender, "event": masked(info.event) if info else "", "scope": record.cap.scope.value,
        "severity": info.severity.value if info else "", "grade": record.grade.value, "source": record.source,
        "received": instant_text(record.received), "accepted": when(envelope),
        "correlation": envelope.correlation,
    }  # fmt: skip
    insert_new(connection, tables.alert, [row])
    says = f"grade {record.grade}, {record.cap.msg_type} {record.cap.identifier}"
    note(connection, envelope, Entry(What.ACCEPTED, record.lineage, when(envelope), record.version, says=says))


def refused(connection: sa.Connection, record: Refusal) -> None:
    """Bytes did not become an alert."""
    names = ("source", "identifier", "sender", "rule", "element", "says", "expected")
    row = {name: getattr(record, name) for name in names} | {"received": instant_text(record.received)}
    insert_new(connection, tables.refusal, [row])


def composed(connection: sa.Connection, record: Broadcast, envelope: Envelope) -> None:
    """All texts of one revision are there."""
    canonical = envelope.value or b""
    digest = digest_of(canonical)
    keep_broadcast(connection, record, digest, canonical.decode())
    note(connection, envelope, _entry(What.COMPOSED, record, digest, when(envelope)))


def keep_broadcast(connection: sa.Connection, record: Broadcast, digest: str, canonical: str) -> None:
    """Keep a Broadcast by its digest, wherever it came from."""
    row = {
        "digest": digest, "lineage": record.lineage, "version": record.version, "revision": record.revision,
        "kind": record.kind.value, "scope": record.scope.value, "severity": record.severity.value,
        "hazard": record.hazard, "received": instant_text(record.received), "composed": instant_text(record.composed),
        "expires": instant_text(record.expires), "canonical": canonical,
    }  # fmt: skip
    insert_new(connection, tables.broadcast, [row])


def held(connection: sa.Connection, record: Held, envelope: Envelope) -> None:
    """Nothing could be composed."""
    says = "; ".join(finding.says for finding in record.findings)
    row = {
        "lineage": record.lineage, "version": record.version, "identifier": record.identifier,
        "severity": record.severity.value, "event": masked(record.event), "says": says,
        "held": instant_text(record.held), "deadline": instant_text(record.deadline),
        "digest": holds.digest_of(record),
    }  # fmt: skip
    keep_newest(connection, tables.held, [row], "held")
    at = instant_text(record.held)
    note(connection, envelope, Entry(What.HELD, record.lineage, at, record.version, says=says))


def recompose(connection: sa.Connection, record: Recompose, envelope: Envelope) -> None:
    """A person asks for other words."""
    statement = record.statement
    at = instant_text(statement.issued)
    note(
        connection, envelope, Entry(What.RECOMPOSE, record.lineage, at, statement.version, says=_words(statement))
    )  # fmt: skip


def estimated(connection: sa.Connection, record: AudienceEstimate, envelope: Envelope) -> None:
    """So many people would get it."""
    at = instant_text(record.at)
    row = {
        "digest": record.digest, "people": record.people, "segments": record.segments,
        "by_language": record.by_language, "at": at,
    }  # fmt: skip
    keep_newest(connection, tables.estimate, [row], "at")
    says = f"{record.people} people, {record.segments} segments"
    note(connection, envelope, _entry(What.ESTIMATED, record, record.digest, at, says))


def decided(connection: sa.Connection, record: Decision, envelope: Envelope) -> None:
    """A person has said something about a digest."""
    statement = record.statement
    what, at = What(statement.decision.value), instant_text(statement.issued)
    note(connection, envelope, Entry(what, record.lineage, at, digest=statement.digest, says=_words(statement)))


def approval(connection: sa.Connection, record: Approval, envelope: Envelope) -> None:
    """Where a digest stands with the people on call."""
    at = instant_text(record.at)
    row = {
        "digest": record.digest, "lineage": record.lineage, "version": record.version, "revision": record.revision,
        "state": record.state.value, "have": record.have, "need": record.need,
        "deadline": instant_text(record.deadline) if record.deadline else None, "at": at,
    }  # fmt: skip
    keep_newest(connection, tables.approval, [row], "at")
    says = f"{record.have} of {record.need}"
    note(connection, envelope, _entry(APPROVAL_WORDS[record.state], record, record.digest, at, says))


def withheld(connection: sa.Connection, record: Withheld, envelope: Envelope) -> None:
    """A digest will not go out, or an alert of which no texts could be made is ended."""
    at = instant_text(record.at)
    row = {
        "digest": record.digest, "reason": record.reason.value, "says": record.says, "at": at,
        "lineage": record.lineage, "version": record.version,
    }  # fmt: skip
    keep_newest(connection, tables.withheld, [row], "at")
    says = f"{record.reason}: {record.says}"
    note(connection, envelope, _entry(What.WITHHELD, record, record.digest, at, says))


def released(connection: sa.Connection, record: Release, envelope: Envelope, rule: str | None) -> None:
    """A digest may go out; `rule` is why that is not believed."""
    at = instant_text(record.at)
    row = {"id": record_id(envelope), "digest": record.digest, "at": at, "rule": rule, "record": _text(record)}
    insert_new(connection, tables.release, [row])
    what = What.RELEASED if rule is None else What.UNTRUSTED
    note(connection, envelope, Entry(what, record.lineage, at, digest=record.digest, says=rule))


def stopped(connection: sa.Connection, record: Stop, envelope: Envelope, rule: str | None) -> None:
    """A digest is taken back, halted or let go on; `rule` is why that is not believed."""
    statement = record.decision.statement
    at = instant_text(statement.issued)
    row = {
        "id": record_id(envelope), "digest": record.digest, "word": statement.decision.value, "at": at, "rule": rule,
        "record": _text(record),
    }  # fmt: skip
    insert_new(connection, tables.stop, [row])
    what = What(statement.decision.value) if rule is None else What.UNTRUSTED
    says = _words(statement) if rule is None else rule
    note(connection, envelope, Entry(what, record.lineage, at, digest=record.digest, says=says))


def bytes_read(connection: sa.Connection, record: BytesRead, envelope: Envelope) -> None:
    """A person has read original bytes; those of a refused message belong to no lineage."""
    at = instant_text(record.at)
    says = f"{record.person} as {record.role}: {masked(record.reason)}"
    note(connection, envelope, Entry(What.BYTES_READ, record.lineage or "", at, digest=record.source, says=says))


def _entry(
    what: What,
    record: Broadcast | AudienceEstimate | Approval | Withheld,
    digest: str,
    at: str,
    says: str | None = None,
) -> Entry:
    return Entry(what, record.lineage, at, record.version, record.revision, digest, says)


def _words(statement: Statement | RecomposeStatement) -> str:
    return statement.person + (f": {masked(statement.reason)}" if statement.reason else "")


def _text(record: Record) -> str:
    return record.model_dump_json(by_alias=True, exclude_none=True)
