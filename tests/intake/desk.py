"""Intake on a real SQLite file with a clock that tests move, and messages that refer to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from schemas.alert import Alert, Refusal
from schemas.words import Realm
from services.intake.filing import Filing, Parcel
from services.intake.metrics import IntakeMetrics, Outcome
from services.intake.service import Intake
from services.intake.store import METADATA, OUTBOX
from services.place.publishers import Publisher, register_of
from services.runtime.outbox import Outbox
from services.runtime.store import Store, sqlite_url
from tests.cap.messages import boil_water

START = datetime(2026, 11, 24, 14, 6, tzinfo=UTC)
SENDER = "alerts@kestrel.example"
KESTREL = Publisher(id="kestrel", name="Kestrel County Health", senders=(SENDER,), persons=("ines",))


@dataclass
class Hands:
    """A clock whose hands the test moves."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def boottime(self) -> float:
        return self.at.timestamp()

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Published:
    """What stands in the outbox, decoded."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, str]


@dataclass
class Desk:
    """One intake. `open` again over the same folder is a restart."""

    folder: Path
    realm: Realm = Realm.LIVE
    wait: timedelta = timedelta(seconds=60)
    clock: Hands = field(default_factory=Hands)
    offset: int = 0

    def __post_init__(self) -> None:
        self.store = Store(sqlite_url(self.folder / "intake.db"), METADATA)
        self.registry = CollectorRegistry()
        outbox = Outbox(self.store, OUTBOX, self.clock, self.realm)
        filing = Filing(outbox, self.clock, self.realm, register_of((KESTREL,)), self.wait)
        self.intake = Intake(self.store, filing, IntakeMetrics(self.registry))

    def restarted(self) -> "Desk":
        self.store.close()
        return Desk(self.folder, self.realm, self.wait, self.clock, self.offset + 1000)

    async def take(self, data: bytes, **parcel: Any) -> list[Outcome]:
        """Give one record; what became of it and of those that it freed."""
        self.offset += 1
        given = {"origin": f"alerts.incoming/0/{self.offset}", **parcel}
        return [result.outcome for result in await self.intake.take(Parcel(data, **given))]

    async def later(self, seconds: float) -> list[Outcome]:
        self.clock.forward(seconds)
        return [result.outcome for result in await self.intake.end_waits()]

    def published(self, topic: str | None = None) -> list[Published]:
        with self.store.begin() as connection:
            rows = connection.execute(sa.select(OUTBOX).order_by(OUTBOX.c.id)).all()
        found = [Published(row.topic, row.key.decode(), row.value, row.headers) for row in rows]
        return [one for one in found if topic in {None, one.topic}]

    def alerts(self) -> list[Alert]:
        return [Alert.model_validate_json(one.value) for one in self.published("alerts.accepted")]

    def refusals(self) -> list[Refusal]:
        return [Refusal.model_validate_json(one.value) for one in self.published("alerts.refused")]

    def count(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(name, labels)
        assert value is not None
        return value


def rules(alert: Alert) -> set[str]:
    return {finding.rule for finding in alert.findings}


def message(
    identifier: str, minute: int = 0, *refers_to: tuple[str, int], changes: Mapping[str, str] | None = None, **more: str
) -> bytes:
    """A message sent at 14:`minute` UTC, an Update when it refers to others; `refers_to` are (identifier, minute)."""
    kind = {"msgType": "Update", "references": " ".join(f"{SENDER},{name},{sent(at)}" for name, at in refers_to)}
    base = {"identifier": identifier, "sent": sent(minute), **(kind if refers_to else {})}
    return boil_water({**base, **(changes or {}), **more})


def sent(minute: int) -> str:
    return f"2026-11-24T14:{minute:02d}:00-00:00"
