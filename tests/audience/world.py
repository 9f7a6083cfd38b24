"""Audience on a store in the test's folder: a real trust bundle, a real phonebook, a clock that the test moves."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from schemas.audience import AudienceEstimate, Batch
from schemas.broadcast import Broadcast, Rendition, Selection
from schemas.decision import Decision, Statement
from schemas.operations import Alarm
from schemas.release import Release, Stop
from schemas.trust import Bundle, BundleStatement, Engine, Key, Person, Policy, SeverityRule, Sign
from schemas.words import BroadcastKind, Channel, DecisionWord, Grade, Realm, Severity
from services.audience import tables
from services.audience.metrics import AudienceMetrics
from services.audience.service import Audience
from services.audience.worker import Means, Worker
from services.phonebook.book import Phonebook
from services.runtime.outbox import Message, Outbox
from services.runtime.store import Store, sqlite_url
from services.runtime.trust import SigningKey, canonical, digest_of, new_key
from services.runtime.trusted import NotTrustedError, Trust
from tests.phonebook.books import new_book, row, take

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OFFICER, BATCHES, ADMINS = new_key(), new_key(), (new_key(), new_key())


class FakeClock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def boottime(self) -> float:
        return self.at.timestamp()


def public(key: SigningKey) -> Key:
    return Key(id=key.id, public=key.public)


def trust_of(*people: Person) -> Trust:
    rule = SeverityRule(quorum=1, roles=("officer",), deadline_s=600, at_deadline="escalate", valid_s=43_200)
    officer = Person(id="officer-1", roles=("officer",), keys=(public(OFFICER),))
    policy = Policy(
        severities=dict.fromkeys(Severity, rule), override_roles=(), withdraw_roles=("officer",), recompose_roles=(),
    )  # fmt: skip
    admins = tuple(Person(id=f"admin-{n}", roles=(), keys=(public(key),)) for n, key in enumerate(ADMINS))
    return Trust(
        BundleStatement(
            realm=Realm.LIVE, serial=1, issued=NOW, administrators=admins, people=people or (officer,),
            engines=(Engine(id="audience", use="batch", keys=(public(BATCHES),)),), policy=policy,
        )
    )  # fmt: skip


def bundle() -> Bundle:
    statement = trust_of().bundle
    signs = [Sign(person=f"admin-{n}", key=k.id, signature=k.sign("bundle", statement)) for n, k in enumerate(ADMINS)]
    return Bundle(statement=statement, signatures=tuple(signs))


def broadcast(**changes: Any) -> Broadcast:
    texts = tuple(
        Rendition(channel=channel, language=language, form="short", parts=("…",), units=(units,))
        for channel, language, units in ((Channel.X, "en", 90), (Channel.SMS, "en", 2), (Channel.SMS, "es", 3))
    )
    fields: dict[str, Any] = {
        "realm": Realm.LIVE, "lineage": "sha256:" + "a" * 64, "version": 1, "revision": 1,
        "kind": BroadcastKind.ALERT, "identifier": "A1", "sender": "s", "sent": NOW, "issuer": "Ferrow County Health",
        "scope": "Public", "event": "Boil water", "hazard": "boil-water", "headline": "Boil water",
        "severity": Severity.SEVERE, "urgency": "Immediate", "certainty": "Observed", "grade": Grade.ACCEPT,
        "received": NOW, "composed": NOW, "expires": NOW + timedelta(hours=6), "languages": ("en", "es"),
        "audience": Selection(jurisdiction="ferrow", areas=("north", "east")), "renditions": texts, "withdrawals": (),
    }  # fmt: skip
    return Broadcast(**(fields | changes))


def _decision(found: Broadcast, word: DecisionWord, reach: int | None, at: datetime = NOW) -> tuple[str, str, Decision]:
    data = canonical(found)
    statement = Statement(
        realm=Realm.LIVE, decision=word, digest=digest_of(data), person="officer-1", role="officer", issued=at,
        expires=at + timedelta(hours=12), reach=reach, nonce="0" * 32,
    )  # fmt: skip
    signature = OFFICER.sign("decision", statement)
    decision = Decision(lineage=found.lineage, statement=statement, key=OFFICER.id, signature=signature)
    return data.decode(), digest_of(data), decision


def release(found: Broadcast, reach: int | None, at: datetime = NOW) -> Release:
    text, digest, decision = _decision(found, DecisionWord.APPROVE, reach, at)
    return Release(
        realm=Realm.LIVE, lineage=found.lineage, digest=digest, broadcast=text, decisions=(decision,), at=NOW
    )


def withdrawal(found: Broadcast) -> Stop:
    text, digest, decision = _decision(found, DecisionWord.WITHDRAW, None)
    return Stop(realm=Realm.LIVE, lineage=found.lineage, digest=digest, broadcast=text, decision=decision)


@dataclass
class World:
    """The room without Kafka. `restart` is a process that was killed and started again."""

    folder: Path
    book: Phonebook
    clock: FakeClock = field(default_factory=FakeClock)
    trusted: Trust | None = field(default_factory=trust_of)
    key: SigningKey = BATCHES
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.store = Store(sqlite_url(self.folder / "audience.db"), tables.metadata)
        self.box = Outbox(self.store, tables.outbox_rows, self.clock, Realm.LIVE)
        self.metrics = AudienceMetrics(CollectorRegistry())
        means = Means(
            Realm.LIVE, self.store, self.box, self.book, self.clock, self.metrics, self.trust, lambda: self.key
        )
        self.worker = Worker(means)
        self.service = Audience(
            realm=Realm.LIVE, store=self.store, book=self.book, clock=self.clock, trusted=self.trust,
            metrics=self.metrics, refused=self.refused.append, wake=self.worker.wake,
        )  # fmt: skip

    def restart(self) -> None:
        self.store.close()
        self.start()

    def trust(self) -> Trust:
        if self.trusted is None:
            raise NotTrustedError("no_bundle", "no trust bundle")
        return self.trusted

    async def work(self, steps: int = 1000) -> None:
        for _ in range(steps):
            if not await self.worker.step():
                return

    async def compose(self, found: Broadcast) -> AudienceEstimate:
        await self.service.composed(canonical(found), "c1")
        await self.work()
        return AudienceEstimate.model_validate_json(self.published("audiences.estimated")[-1].value or b"")

    async def release(self, found: Broadcast, reach: int | None) -> list[Batch]:
        await self.service.released(release(found, reach), "c1")
        await self.work()
        return self.batches(digest_of(canonical(found)))

    def published(self, topic: str) -> list[Message]:
        with self.store.begin() as connection:
            found = connection.execute(sa.select(tables.outbox_rows).order_by(tables.outbox_rows.c.id)).all()
        return [Message(each.topic, each.key, each.value, each.headers) for each in found if each.topic == topic]

    def batches(self, digest: str | None = None) -> list[Batch]:
        topics = ("batches.sms.urgent", "batches.sms.routine")
        found = [Batch.model_validate_json(m.value or b"") for topic in topics for m in self.published(topic)]
        return [each for each in found if digest in {None, each.statement.digest}]

    def alarms(self) -> list[Alarm]:
        return [Alarm.model_validate_json(m.value or b"") for m in self.published("alarms")]


def people(world: World, *rows: str) -> list[str]:
    """Enter people; their ids, in no order that means anything."""
    take(world.book, *rows)
    return [each for each, _ in world.book.select(["north", "east", "south"], ["en"])]


def new_world(folder: Path) -> World:
    return World(folder, new_book(folder))


def ids_of(batches: list[Batch]) -> list[str]:
    return [each for batch in batches for each in batch.statement.subscribers]


__all__ = ["NOW", "World", "broadcast", "bundle", "ids_of", "new_world", "people", "release", "row", "withdrawal"]
