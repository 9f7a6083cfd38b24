"""Every room built and not started: what its settings, topics and metrics are, read off the thing itself.

For the README's tables, for `doctor` and for the tests of the house. Nothing connects and nothing listens.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from schemas.words import Realm
from services.cli.context import Context
from services.cli.environ import environ
from services.cli.house.prepare import prepare
from services.cli.house.rooms import ROOMS, SANDBOX, RoomSpec, shared_environment
from services.cli.house.stand_ins import stand_ins
from services.runtime.metrics import RoomMetrics
from services.runtime.room import Room
from services.runtime.settings import SharedSettings
from services.runtime.store import Store
from services.sandbox.metrics import registry_of
from services.sandbox.server import build as build_sandbox
from services.sandbox.settings import Rules, SandboxSettings
from services.sandbox.store import TABLES
from services.sandbox.world import World


@dataclass(frozen=True)
class Blueprint:
    """The rooms, and the sandbox's metrics, which has no room's frame."""

    rooms: dict[str, Room]
    sandbox: CollectorRegistry

    def registries(self) -> dict[str, CollectorRegistry]:
        """Every room's metrics, the sandbox's too."""
        found = {name: room.metrics.registry for name, room in self.rooms.items()}
        return found | {SANDBOX.name: self.sandbox}


@contextmanager
def blueprint(folder: Path, realm: Realm = Realm.LIVE) -> Iterator[Blueprint]:
    """All rooms as `up --sandbox` would start them, built in an empty `folder`; closed at the end."""
    context = Context(folder, realm)
    with _environment(context):  # only while they are built: whoever looks at them has an environment of their own
        prepare(context, sandbox=True)
        rooms = {spec.name: _build(spec) for spec in ROOMS}
        settings = SandboxSettings()
        store = Store(settings.store_url(SharedSettings(), SANDBOX.name), TABLES)
        app = build_sandbox(World(settings, store, Rules.of(settings)))
    try:
        yield Blueprint(rooms, registry_of(app))
    finally:
        store.close()
        for room in rooms.values():
            room.close()


def _build(spec: RoomSpec) -> Room:
    room: Room = importlib.import_module(f"{spec.module}.app").build()
    return room


def _environment(context: Context) -> AbstractContextManager[None]:
    """The environment of a room; only what the supervisor itself sets, so that the answer is the same everywhere."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    rooms = shared_environment(plain, context.data, context.realm, "127.0.0.1:9")
    return environ(rooms | stand_ins(context.home).environment({}))


def shared_metrics() -> CollectorRegistry:
    """What every room has."""
    return RoomMetrics("any", Realm.LIVE).registry
