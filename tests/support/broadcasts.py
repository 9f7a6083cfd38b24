"""Broadcasts, releases, batches and withdrawals as approve, audience and the command line would sign them."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.audience import Batch, BatchStatement
from schemas.broadcast import Broadcast, Rendition, Selection
from schemas.cap import Certainty, Scope, Urgency
from schemas.decision import Decision, Statement
from schemas.release import Release, Stop
from schemas.words import BroadcastKind, Channel, DecisionWord, Grade, Realm, Severity
from services.cli.demo.trust import DemoTrust
from services.runtime import trust
from services.runtime.trust import SigningKey


def broadcast(
    lineage: str = "f" * 32, *, version: int = 1, revision: int = 1, kind: BroadcastKind = BroadcastKind.ALERT,
    severity: Severity = Severity.SEVERE, texts: dict[Channel, dict[str, list[str]]] | None = None,
    expires: datetime | None = None, realm: Realm = Realm.LIVE, grade: Grade = Grade.ACCEPT,
    authors: tuple[str, ...] = (), now: datetime | None = None, tag: str = "",
) -> Broadcast:  # fmt: skip
    """A Broadcast whose texts name its version, so that no two are alike."""
    now = now or datetime.now(UTC)
    label = f"{kind} {lineage[-6:]} v{version}r{revision}{tag}"
    if texts is None:
        texts = {
            Channel.X: {"en": [f"Post: {label}"]},
            Channel.SMS: {"en": [f"Text: {label}"], "es": [f"Texto: {label}"]},
        }

    def renditions(prefix: str) -> tuple[Rendition, ...]:
        return tuple(
            Rendition(channel=channel, language=language, form="short", parts=tuple(prefix + p for p in parts),
                      units=(1,) * len(parts))
            for channel, languages in texts.items() for language, parts in languages.items()
        )  # fmt: skip

    return Broadcast(
        realm=realm, lineage=lineage, version=version, revision=revision, kind=kind, identifier=f"id-{version}",
        sender="alerts@health.ferrow.example", sent=now, issuer="Ferrow", scope=Scope.PUBLIC, event="Boil Water",
        hazard="boil-water", headline="Boil water", severity=severity, urgency=Urgency.IMMEDIATE,
        certainty=Certainty.LIKELY, grade=grade, authors=authors, received=now, composed=now,
        expires=expires or now + timedelta(hours=6), languages=("en", "es"),
        audience=Selection(jurisdiction="ferrow", areas=("ferrow-north",)), renditions=renditions(""),
        corrections=renditions("Correction. ") if revision > 1 else (), withdrawals=renditions("Disregard: "),
    )  # fmt: skip


def canonical(value: Broadcast) -> tuple[str, str]:
    """Its canonical text and its digest."""
    data = trust.canonical(value)
    return data.decode(), trust.digest_of(data)


def decision(
    value: Broadcast, key: SigningKey, person: str, role: str, *, word: DecisionWord = DecisionWord.APPROVE,
    reach: int | None = None, expires: datetime | None = None, digest: str | None = None,
) -> Decision:  # fmt: skip
    """A signed decision about `value`."""
    statement = Statement(
        realm=value.realm, decision=word, digest=digest or canonical(value)[1], person=person, role=role,
        reason="a test" if word is not DecisionWord.APPROVE else None, issued=value.composed,
        expires=expires or value.composed + timedelta(hours=12), reach=reach, nonce=secrets.token_hex(16),
    )  # fmt: skip
    return Decision(lineage=value.lineage, statement=statement, key=key.id, signature=key.sign("decision", statement))


def word_about(
    waiting: Mapping[str, Any], people: DemoTrust, word: DecisionWord = DecisionWord.APPROVE
) -> Decision:  # fmt: skip
    """The first officer's word about one that waits, as `/pending` shows it, until its end or six hours from now."""
    value = Broadcast.model_validate_json(waiting["text"])
    person, role = APPROVERS[0]
    expires = min(value.expires, datetime.now(UTC) + timedelta(hours=6))
    return decision(value, people.key(person), person, role, reach=waiting["reach"], expires=expires, word=word)


APPROVERS = (("officer-1", "duty-officer"), ("officer-2", "duty-director"))


def release(value: Broadcast, people: DemoTrust, reach: int | None = None) -> Release:
    """A release that two officers have approved: enough for any severity."""
    text, digest = canonical(value)
    decisions = tuple(decision(value, people.key(name), name, role, reach=reach) for name, role in APPROVERS)
    return Release(
        realm=value.realm,
        lineage=value.lineage,
        digest=digest,
        broadcast=text,
        decisions=decisions,
        at=datetime.now(UTC),
    )


def withdrawal(value: Broadcast, people: DemoTrust, role: str = "duty-director") -> Stop:
    """A withdrawal that one person has signed."""
    text, digest = canonical(value)
    signed = decision(value, people.key("officer-2"), "officer-2", role, word=DecisionWord.WITHDRAW)
    return Stop(realm=value.realm, lineage=value.lineage, digest=digest, broadcast=text, decision=signed)


def batches(
    value: Broadcast, people: DemoTrust, subscribers: Sequence[str], language: str = "en", size: int = 500
) -> list[Batch]:
    """Signed batches of subscribers, as audience writes them."""
    key, digest = people.key("audience"), canonical(value)[1]
    chunks = [tuple(subscribers[start : start + size]) for start in range(0, len(subscribers), size)]
    found = []
    for number, chunk in enumerate(chunks, 1):
        statement = BatchStatement(
            realm=value.realm, channel=Channel.SMS, lineage=value.lineage, version=value.version,
            revision=value.revision, digest=digest, severity=value.severity, number=number, of=len(chunks),
            reach=len(subscribers), language=language, subscribers=chunk,
        )  # fmt: skip
        found.append(
            Batch(lineage=value.lineage, statement=statement, key=key.id, signature=key.sign("batch", statement))
        )
    return found
