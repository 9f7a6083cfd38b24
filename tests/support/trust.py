"""People who are nobody, with keys made for one test run, and the records that they sign."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.alert import Finding
from schemas.audience import AudienceEstimate, Batch, BatchStatement
from schemas.broadcast import Broadcast, Held, Rendition, Selection
from schemas.decision import Decision, Recompose, RecomposeStatement, Statement
from schemas.release import Release, Stop
from schemas.trust import (
    Bundle,
    BundleStatement,
    Engine,
    Key,
    Person,
    Policy,
    Revocation,
    RevocationStatement,
    SeverityRule,
    Sign,
)
from schemas.words import BroadcastKind, Channel, DecisionWord, Grade, Realm, Severity
from services.runtime import holds, trust, verifier
from services.runtime.trust import SigningKey, new_key

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
LINEAGE = "l" * 64
NAMES = ("admin-1", "admin-2", "admin-3", "officer-1", "officer-2", "officer-3", "director-1", "clerk-1")
ROLES = {
    "officer-1": ("officer",),
    "officer-2": ("officer",),
    "officer-3": ("officer",),
    "director-1": ("director",),
    "clerk-1": ("clerk",),
}
KEYS: dict[str, SigningKey] = {name: new_key() for name in (*NAMES, "approve", "audience", "stranger")}
_numbers = itertools.count(1)


def nonce() -> str:
    """Another one each time."""
    return f"{next(_numbers):032x}"


def key(name: str) -> Key:
    """The public half of somebody's key, as a bundle writes it."""
    return Key(id=KEYS[name].id, public=KEYS[name].public)


def rule(quorum: int, at_deadline: Any = "escalate", deadline_s: int = 600, valid_s: int = 3600) -> SeverityRule:
    """One severity's rule: officers approve, the director is woken."""
    return SeverityRule(
        quorum=quorum, roles=("officer",), deadline_s=deadline_s, at_deadline=at_deadline, escalate_to=("director",),
        valid_s=valid_s,
    )  # fmt: skip


POLICY = Policy(
    severities={
        Severity.EXTREME: rule(2, deadline_s=300),
        Severity.SEVERE: rule(1),
        Severity.MODERATE: rule(1, "withhold"),
        Severity.MINOR: rule(0, "withhold"),
        Severity.UNKNOWN: rule(1),
    },
    override_roles=("director",),
    withdraw_roles=("officer", "director"),
    recompose_roles=("officer",),
    reach_margin_percent=10,
    take_back_s=86_400,
)


def statement(serial: int = 1, policy: Policy = POLICY, **changes: Any) -> BundleStatement:
    """A bundle's statement; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "realm": Realm.LIVE,
        "serial": serial,
        "issued": NOW - timedelta(days=1),
        "administrators": (
            Person(id="admin-1", roles=(), keys=(key("admin-1"),)),
            Person(id="admin-2", roles=(), keys=(key("admin-2"),)),
        ),
        "people": tuple(Person(id=name, roles=roles, keys=(key(name),)) for name, roles in ROLES.items()),
        "engines": (
            Engine(id="approve", use="release", ceiling=Severity.MINOR, keys=(key("approve"),)),
            Engine(id="audience", use="batch", keys=(key("audience"),)),
        ),
        "policy": policy,
    }
    return BundleStatement(**{**fields, **changes})


def signed_bundle(stated: BundleStatement, signers: Sequence[str] = ("admin-1", "admin-2")) -> Bundle:
    """Signed by these, each with their own key."""
    signs = tuple(Sign(person=name, key=KEYS[name].id, signature=KEYS[name].sign("bundle", stated)) for name in signers)
    return Bundle(statement=stated, signatures=signs)


def trusted(policy: Policy = POLICY, *revoked: str) -> verifier.Trust:
    """What a room believes that has this policy, `revoked` being names of people or engines."""
    found = verifier.bundle(signed_bundle(statement(policy=policy)), Realm.LIVE, None, None)
    return replace(found, revoked=frozenset(KEYS[name].id for name in revoked))


def revocation(of: str, by: str, realm: Realm = Realm.LIVE, signer: str | None = None) -> Revocation:
    """`by` takes the key of `of` away, with the key of `signer`."""
    stated = RevocationStatement(realm=realm, key=KEYS[of].id, reason="lost", issued=NOW)
    hand = KEYS[signer or by]
    return Revocation(statement=stated, by=Sign(person=by, key=hand.id, signature=hand.sign("revocation", stated)))


def broadcast(severity: Severity = Severity.SEVERE, **changes: Any) -> Broadcast:
    """A Broadcast with a post and a text in English; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "realm": Realm.LIVE,
        "lineage": LINEAGE,
        "version": 1,
        "revision": 1,
        "kind": BroadcastKind.ALERT,
        "identifier": "demo-1",
        "sender": "health@agency.example",
        "sent": NOW - timedelta(minutes=5),
        "issuer": "Demo Health",
        "scope": "Public",
        "event": "Boil water",
        "hazard": "boil-water",
        "headline": "Boil your water — hiérvala",
        "severity": severity,
        "urgency": "Immediate",
        "certainty": "Observed",
        "grade": Grade.ACCEPT,
        "authors": ("author-1",),
        "received": NOW - timedelta(minutes=2),
        "composed": NOW - timedelta(minutes=1),
        "expires": NOW + timedelta(hours=6),
        "languages": ("en",),
        "audience": Selection(jurisdiction="demo", areas=("north",)),
        "renditions": (rendition(Channel.X, "Boil water."), rendition(Channel.SMS, "Boil water.")),
        "withdrawals": (rendition(Channel.X, "Disregard."), rendition(Channel.SMS, "Disregard.")),
    }
    return Broadcast(**{**fields, **changes})


def rendition(channel: Channel, words: str) -> Rendition:
    """One text in English, in one part."""
    return Rendition(channel=channel, language="en", form="short", parts=(words,), units=(len(words),))


PUBLIC_ONLY: dict[str, Any] = {"renditions": (rendition(Channel.X, "Boil water."),)}


def text_of(found: Broadcast) -> str:
    """The canonical text, which is what is hashed."""
    return trust.canonical(found).decode()


def digest_of(found: Broadcast | Held) -> str:
    """The digest that people sign."""
    if isinstance(found, Held):
        return holds.digest_of(found)
    return trust.digest_of(trust.canonical(found))


def held(at: datetime = NOW, version: int = 1, says: str = "There is no guidance for this.") -> Held:
    """A Severe alert of which compose could make no texts."""
    finding = Finding(rule="no_guidance", grade=Grade.HOLD, says=says)
    return Held(
        realm=Realm.LIVE, lineage=LINEAGE, version=version, identifier="demo-1", severity=Severity.SEVERE,
        event="Flood", findings=(finding,), held=at, deadline=at + timedelta(minutes=10),
    )  # fmt: skip


def decision(
    found: Broadcast | Held, person: str = "officer-1", word: DecisionWord = DecisionWord.APPROVE, **changes: Any
) -> Decision:
    """`person`'s word about `found`. `hand` signs with another's key; other `changes` replace the statement's."""
    hand = KEYS[changes.pop("hand", person)]
    lineage = changes.pop("lineage", found.lineage)
    fields: dict[str, Any] = {
        "realm": Realm.LIVE,
        "decision": word,
        "digest": digest_of(found),
        "person": person,
        "role": ROLES[person][0] if person in ROLES else "officer",
        "reason": None if word is DecisionWord.APPROVE else "because",
        "issued": NOW,
        "expires": NOW + timedelta(hours=1),
        "reach": None,
        "nonce": nonce(),
    }
    stated = Statement(**{**fields, **changes})
    return Decision(lineage=lineage, statement=stated, key=hand.id, signature=hand.sign("decision", stated))


def engine_decision(found: Broadcast, **changes: Any) -> Decision:
    """The policy engine's word about `found`."""
    return decision(found, **{"person": "approve", "hand": "approve", "role": verifier.ENGINE_ROLE, **changes})


def release(found: Broadcast, *decisions: Decision) -> Release:
    """A Release of `found` that carries these decisions."""
    return Release(
        realm=found.realm, lineage=found.lineage, digest=digest_of(found), broadcast=text_of(found),
        decisions=decisions, at=NOW,
    )  # fmt: skip


def stop(found: Broadcast, word: DecisionWord = DecisionWord.WITHDRAW, person: str = "officer-1", **more: Any) -> Stop:
    """A withdrawal, pause or resume of `found`."""
    said = decision(found, person, word, **{"expires": NOW + timedelta(days=1), **more})
    return Stop(
        realm=found.realm, lineage=found.lineage, digest=digest_of(found), broadcast=text_of(found), decision=said
    )


def estimate(found: Broadcast, people: int, at: datetime = NOW) -> AudienceEstimate:
    """How many people `found` would reach."""
    return AudienceEstimate(
        realm=found.realm, lineage=found.lineage, version=found.version, revision=found.revision,
        digest=digest_of(found), people=people, at=at,
    )  # fmt: skip


def batch(found: Broadcast, subscribers: Sequence[str], hand: str = "audience") -> Batch:
    """A signed batch of these subscribers."""
    stated = BatchStatement(
        realm=found.realm, channel=Channel.SMS, lineage=found.lineage, version=found.version, revision=found.revision,
        digest=digest_of(found), severity=found.severity, number=1, of=1, reach=len(subscribers), language="en",
        subscribers=tuple(subscribers),
    )  # fmt: skip
    return Batch(lineage=found.lineage, statement=stated, key=KEYS[hand].id, signature=KEYS[hand].sign("batch", stated))


def recompose(person: str = "officer-1", role: str = "officer", hand: str | None = None) -> Recompose:
    """A wish for the short form."""
    stated = RecomposeStatement(
        realm=Realm.LIVE, lineage=LINEAGE, version=1, form="short", person=person, role=role, issued=NOW, nonce=nonce()
    )
    signing = KEYS[hand or person]
    return Recompose(lineage=LINEAGE, statement=stated, key=signing.id, signature=signing.sign("recompose", stated))


@dataclass
class FixedClock:
    """A clock that moves when it is told to."""

    moment: datetime = NOW
    seconds: float = field(default=0.0)

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def boottime(self) -> float:
        """Seconds since the first moment."""
        return self.seconds

    def pass_time(self, **units: float) -> None:
        """Move on."""
        step = timedelta(**units)
        self.moment += step
        self.seconds += step.total_seconds()
