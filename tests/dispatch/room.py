"""The service of a dispatcher as `app.py` wires it, without Kafka; and releases that are signed as they must be."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from schemas.broadcast import Broadcast
from schemas.delivery import Receipt
from schemas.release import Release
from schemas.words import Realm, Reason
from services.dispatch.service import Dispatch
from services.dispatch.tables import batch, delivery, mark, pause, release
from services.runtime.keeper import Keeper, bundle_path
from services.runtime.metrics import RoomMetrics
from services.runtime.settings import SharedSettings
from tests.dispatch.world import World
from tests.support import trust

PLANNED = (delivery, release, batch, mark, pause)


@dataclass
class Room:
    """One dispatcher's service, and what it counts."""

    world: World
    service: Dispatch
    keeper: Keeper
    metrics: RoomMetrics
    woken: list[int]

    def refused(self) -> dict[str, float]:
        """tocsin_untrusted_total, by rule."""
        [family] = self.metrics.refused.collect()
        return {s.labels["rule"]: s.value for s in family.samples if s.name.endswith("_total") and s.value}

    def nothing_planned(self) -> bool:
        """Whether the ledger is as it was made."""
        return not any(self.world.query(sa.select(table)) for table in PLANNED)


def reason_of(receipt: Receipt) -> Reason:
    """Why a platform gave up: its number is the recipient's fault here."""
    return Reason.PERMANENT_RECIPIENT if receipt.code else Reason.UNKNOWN_OUTCOME


def room_of(world: World, folder: Path, *, sandbox: bool = False) -> Room:
    """The service on `world`'s ledger, with a trust bundle in `folder`; a real account's unless it is a `sandbox`."""
    world.clock.moment = trust.NOW
    shared = SharedSettings(data=folder, realm=Realm.LIVE)
    shared.home.mkdir()
    bundle_path(shared.home).write_text(trust.signed_bundle(trust.statement()).model_dump_json())
    name = f"dispatch/{world.channel}"
    keeper, metrics, woken = Keeper(shared, name), RoomMetrics(name, Realm.LIVE), list[int]()
    process = world.one
    service = Dispatch(
        channel=world.channel, realm=Realm.LIVE, ledger=process.ledger, keeper=keeper, clock=world.clock,
        metrics=process.metrics, room_metrics=metrics, alarms=process.alarms, wake=lambda: woken.append(1),
        follow=lambda: None, reason_of=reason_of, sandbox=sandbox,
    )  # fmt: skip
    return Room(world, service, keeper, metrics, woken)


def approved(found: Broadcast, *people: str, **changes: Any) -> Release:
    """A release that these people have signed, who saw that it reaches a hundred."""
    return trust.release(found, *(trust.decision(found, person, reach=100, **changes) for person in people))
