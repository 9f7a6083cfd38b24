"""Record as `app.py` wires it, without Kafka: records go to the methods that its handlers call. Real SQLite."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from schemas.alert import Alert, Refusal
from schemas.base import Record
from schemas.broadcast import Broadcast, Held, Rendition
from schemas.delivery import Deliveries, DeliveryRow
from schemas.operations import Alarm
from schemas.release import Release, Stop, Withheld
from schemas.topics import (
    ACCEPTED,
    ALARMS,
    COMPOSED,
    DECIDED,
    DELIVERIES,
    HELD,
    REFUSED,
    RELEASED,
    STOPPED,
    WITHHELD,
)
from schemas.words import Channel, Kind, Realm, Severity, State, WithheldReason
from services.record.belief import Belief
from services.record.labels import Labels
from services.record.metrics import RecordMetrics
from services.record.pages import Pages
from services.record.projection import Projection
from services.record.rendering import Renderer
from services.record.settings import ROOT
from services.record.tables import metadata
from services.record.watching import Watch
from services.runtime.decoding import Envelope
from services.runtime.keeper import Keeper
from services.runtime.outbox import message_of
from services.runtime.settings import SharedSettings
from services.runtime.store import Store, sqlite_url
from tests.support import trust

TOPICS = {"Alert": ACCEPTED, "Broadcast": COMPOSED, "Decision": DECIDED, "Release": RELEASED, "Stop": STOPPED,
          "Deliveries": DELIVERIES, "Refusal": REFUSED, "Alarm": ALARMS, "Held": HELD,
          "Withheld": WITHHELD}  # fmt: skip
TEMPLATES, GUIDANCE = ROOT / "templates" / "pages", ROOT / "templates" / "guidance"
NEW_YORK = ZoneInfo("America/New_York")
LABELS = Labels.read(TEMPLATES / "words.yaml", GUIDANCE, NEW_YORK)
SPECIMENS = ROOT / "schemas" / "specimens"


@dataclass
class World:
    folder: Path
    realm: Realm
    store: Store
    clock: trust.FixedClock
    registry: CollectorRegistry
    projection: Projection
    pages: Pages
    watch: Watch
    keeper: Keeper
    offsets: Iterator[int] = field(default_factory=itertools.count)

    async def feed(self, record: Record, at: datetime | None = None) -> str | None:
        """Give one record to the projection as Kafka would; the rule by which it was not believed."""
        envelope = self.envelope(record, at)
        if isinstance(record, Release):
            return await self.projection.released(record, envelope)
        if isinstance(record, Stop):
            return await self.projection.stopped(record, envelope)
        if isinstance(record, Deliveries):
            await self.projection.deliveries(record)
        elif isinstance(record, Alarm):
            await self.projection.alarm(record, envelope)
        elif isinstance(record, Refusal):
            await self.projection.refused(record)
        else:
            await self.projection.take(record, envelope)  # type: ignore[arg-type]  # every other record is one of those
        return None

    def envelope(self, record: Record, at: datetime | None = None) -> Envelope:
        topic = TOPICS.get(type(record).__name__, ACCEPTED)
        value = trust.text_of(record).encode() if isinstance(record, Broadcast) else None
        message = message_of(self.realm, topic, "key", value or record)
        moment = at or self.clock.now()
        return Envelope(
            message.topic, 0, next(self.offsets), message.key, message.value, message.headers,
            round(moment.timestamp() * 1000),
        )  # fmt: skip

    def metric(self, name: str, **labels: str) -> float:
        found = self.registry.get_sample_value(name, labels)
        assert found is not None, f"no series {name} {labels}"
        return found

    def file(self, name: str) -> str:
        return (self.folder / "pages" / name).read_text("utf-8")

    def json(self, name: str) -> Any:
        return json.loads(self.file(name))


@contextmanager
def world(folder: Path, realm: Realm = Realm.LIVE, *, bundle: bool = True) -> Iterator[World]:
    shared = SharedSettings(data=folder, realm=realm)
    if bundle:
        give_bundle(shared.home, realm)
    clock, registry = trust.FixedClock(), CollectorRegistry()
    metrics = RecordMetrics(registry)
    store = Store(sqlite_url(shared.home / "record.db"), metadata)
    keeper = Keeper(shared, "record")
    pages = Pages(
        store=store, clock=clock, realm=realm, folder=folder / "pages", renderer=Renderer(TEMPLATES, LABELS),
        metrics=metrics,
    )  # fmt: skip
    watch = Watch(store, clock, metrics)
    projection = Projection(store, Belief(keeper, realm), pages.changed, watch.moved, metrics.alarm)
    yield World(folder, realm, store, clock, registry, projection, pages, watch, keeper)
    store.close()


def give_bundle(home: Path, realm: Realm = Realm.LIVE) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "bundle.json").write_text(trust.signed_bundle(trust.statement(realm=realm)).model_dump_json())


def text(channel: Channel, language: str, *parts: str, form: str = "short") -> Rendition:
    return Rendition(channel=channel, language=language, form=form, parts=parts, units=(1,) * len(parts))  # type: ignore[arg-type]  # one of the three


def broadcast(lineage: str = trust.LINEAGE, **changes: Any) -> Broadcast:
    """A bilingual Broadcast; `tag` stands in each text."""
    tag = changes.pop("tag", "v{}r{}".format(changes.get("version", 1), changes.get("revision", 1)))
    fields: dict[str, Any] = {
        "lineage": lineage,
        "languages": ("en", "es"),
        "renditions": (
            text(Channel.SMS, "en", f"Boil water {tag}."), text(Channel.SMS, "es", f"Hierva el agua {tag}."),
            text(Channel.X, "en", f"Boil your tap water {tag}.", form="long"),
        ),
        "withdrawals": (text(Channel.SMS, "en", f"Disregard {tag}."), text(Channel.SMS, "es", f"Ignore {tag}.")),
    }  # fmt: skip
    return trust.broadcast(Severity.SEVERE, **{**fields, **changes})


def release(found: Broadcast, at: datetime = trust.NOW) -> Release:
    return trust.release(found, trust.decision(found, realm=found.realm)).model_copy(update={"at": at})


def alert(lineage: str = trust.LINEAGE, version: int = 1, **changes: Any) -> Alert:
    specimen = json.loads((SPECIMENS / "alert.v1.alert.json").read_text())
    fields = {"lineage": lineage, "version": version, "received": trust.NOW - timedelta(minutes=2)}
    return Alert.model_validate(specimen).model_copy(update={**fields, **changes})


def ended(held: Held, at: datetime) -> Withheld:
    """What approve says when a person has rejected an alert of which no texts could be made."""
    return Withheld(
        realm=held.realm, lineage=held.lineage, version=held.version, revision=1, digest=trust.digest_of(held),
        reason=WithheldReason.REJECTED, says="officer-1 has rejected it; why stands in the decision", at=at,
        why="because",
    )  # fmt: skip


def rows(found: Broadcast, states: dict[str, State], *, seq: int = 1, at: datetime = trust.NOW,
         kind: Kind = Kind.ALERT, channel: Channel = Channel.SMS) -> Deliveries:  # fmt: skip
    """Deliveries of `found` by their id."""
    made = tuple(
        DeliveryRow(
            id=name, version=found.version, revision=found.revision, kind=kind, target=name, state=state, attempt=1,
            seq=seq, at=at,
        )
        for name, state in states.items()
    )  # fmt: skip
    return Deliveries(
        realm=found.realm, channel=channel, lineage=found.lineage, digest=trust.digest_of(found), rows=made
    )
