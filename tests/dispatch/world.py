"""A world without network: the real ledger on SQLite, a clock that tests move, a platform in memory.

A `Process` is what one dispatcher has in its memory. Its steps are driven by hand: open a window, send, commit, sweep.
`crash` drops the memory and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from schemas.audience import BatchStatement
from schemas.broadcast import Broadcast
from schemas.delivery import Receipt
from schemas.operations import Alarm
from schemas.words import BroadcastKind, Channel, Kind, Realm, Reason
from services.dispatch.alarms import Alarms
from services.dispatch.gate import Done
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.planner import Plan
from services.dispatch.port import Job
from services.dispatch.pump import Fresh, Pump
from services.dispatch.recovery import Quarantine
from services.dispatch.sweep import Sweep
from services.dispatch.tables import delivery, metadata, outbox_rows, platform_id
from services.runtime.metrics import RoomMetrics
from services.runtime.store import Store, sqlite_url
from services.runtime.verifier import Believed
from tests.dispatch.fakes import FakePlatform, ManualClock
from tests.support import broadcasts

LINEAGE = "f" * 32
ANNA, BEN, CLEO = "a" * 32, "b" * 32, "c" * 32
TAKE_BACK_S = 86_400
REACH, MARGIN = 1000, 10


def people(count: int) -> list[str]:
    """Ids of subscribers."""
    return [f"{number:032x}" for number in range(1, count + 1)]


def open_store(path: Path) -> Store:
    """A ledger's database, quick to commit."""
    store = Store(sqlite_url(path), metadata)
    sa.event.listen(store.engine, "checkout", _without_fsync)
    return store


def _without_fsync(connection: Any, _record: object, _proxy: object) -> None:
    """A crash here loses a process's memory, never the disk's: that a commit is on disk is the crash tests' matter."""
    connection.execute("PRAGMA synchronous=OFF")


@dataclass
class Process:
    """One dispatcher's memory, on the ledger that all share."""

    world: "World"
    patience_s: float = 600
    look_up: bool = True
    given: Store | None = None
    """A store to use in place of one of its own."""
    counters: DispatchMetrics | None = None
    flying: dict[str, tuple[Job, Fresh]] = field(default_factory=dict)
    finished: list[Done] = field(default_factory=list)

    def __post_init__(self) -> None:
        world = self.world
        self.store = self.given or open_store(world.path)
        self.ledger = Ledger(self.store, world.plan, world.clock, Realm.LIVE)
        self.metrics = self.counters or DispatchMetrics(RoomMetrics("dispatch/sms", Realm.LIVE))
        self.alarms = Alarms("dispatch/sms", Realm.LIVE, self.store, self.ledger.outbox, world.clock)
        self.sweeper = Sweep(
            ledger=self.ledger, channel=world.platform, pump=cast("Pump", _Handy(self)), clock=world.clock,
            alarms=self.alarms, metrics=self.metrics, look_up=self.look_up,
            quarantine=Quarantine(world.platform.bounds.quarantine, self.patience_s),
        )  # fmt: skip

    async def window(self, slots: int = 64) -> list[Job]:
        """Commit what is finished and open intents, as the pump does."""
        clock = self.world.clock
        fresh = Fresh(clock, clock.boottime() + self.world.platform.bounds.fresh, self.ledger)
        opened = await self.ledger.window(self.finished, slots)
        self.finished = []
        self.flying |= {job.id: (job, fresh) for job in opened.jobs}
        self.metrics.take(opened.effects)
        await self.alarms.take(opened.effects)
        return opened.jobs

    async def send(self, *jobs: Job, mood: str | None = None) -> None:
        """Make the requests of `jobs`, all that fly by default; their outcomes wait for the next window."""
        platform = self.world.platform
        for job in jobs or [job for job, _ in self.flying.values()]:
            if mood:
                platform.moods.append(mood)
            _, fresh = self.flying.pop(job.id)
            addresses = await platform.addresses([job.target], reading=True)
            call = platform.withdraw if job.kind is Kind.DELETION else platform.publish
            outcome = await call(job, addresses[job.target], fresh.permit(job))
            self.finished.append(Done(job, outcome))

    async def sweep(self) -> None:
        """One sweep."""
        await self.sweeper.once()

    async def turn(self, mood: str | None = None) -> list[Job]:
        """Open a window, send it, commit the outcomes and open nothing more."""
        jobs = await self.window()
        await self.send(mood=mood)
        await self.window(0)
        return jobs

    async def settle(self, rounds: int = 12) -> None:
        """Sweep and send until nothing is left to do now."""
        for _ in range(rounds):
            await self.sweep()
            if not await self.turn():
                return
        message = f"not settled after {rounds} rounds"
        raise AssertionError(message)

    def crash(self) -> "Process":
        """Kill -9: the memory is gone; a new process on the same ledger."""
        self.store.close()
        self.world.processes.remove(self)
        return self.world.process(patience_s=self.patience_s, look_up=self.look_up)


@dataclass
class _Handy:
    """What the sweep asks of a pump."""

    process: Process

    @property
    def flying(self) -> frozenset[str]:
        return frozenset(self.process.flying) | {done.job.id for done in self.process.finished}

    def wake(self) -> None:
        return


@dataclass
class World:
    """One account: its ledger's file, its platform, its processes."""

    folder: Path
    channel: Channel = Channel.SMS
    clock: ManualClock = field(default_factory=ManualClock)
    processes: list[Process] = field(default_factory=list)
    url: str = ""
    """The ledger's; a SQLite file in the folder by default."""

    def __post_init__(self) -> None:
        self.path = self.folder / "ledger.db"
        self.url = self.url or sqlite_url(self.path)
        self.platform = FakePlatform(self.clock, self.channel)
        can = self.platform.capabilities
        self.plan = Plan(self.channel, can.public, can.deletes, "main", TAKE_BACK_S)

    def process(self, **settings: Any) -> Process:
        made = Process(self, **settings)
        self.processes.append(made)
        return made

    @property
    def one(self) -> Process:
        """The first process, made when it is first asked for."""
        return self.processes[0] if self.processes else self.process()

    def close(self) -> None:
        for process in self.processes:
            process.store.close()

    # --- records, believed ---

    def broadcast(self, version: int = 1, revision: int = 1, **changes: Any) -> Broadcast:
        return broadcasts.broadcast(
            changes.pop("lineage", LINEAGE), version=version, revision=revision,
            now=changes.pop("now", self.clock.now().replace(microsecond=0)), **changes,
        )  # fmt: skip

    def believed(
        self, value: Broadcast, *, ends: datetime | None = None, reach: int | None = REACH,
        keys: tuple[str, ...] = ("key-1",),
    ) -> Believed:  # fmt: skip
        digest = broadcasts.canonical(value)[1]
        last = self.clock.now() + timedelta(seconds=TAKE_BACK_S)
        return Believed(value, digest, ends or value.expires, ("officer-1",), keys, reach, last)

    async def release(
        self, version: int = 1, revision: int = 1, *, to: Iterable[str] = (), by: Process | None = None,
        ends: datetime | None = None, reach: int | None = REACH, keys: tuple[str, ...] = ("key-1",), **changes: Any,
    ) -> Broadcast:  # fmt: skip
        """Release a Broadcast, and plan one batch of it to these people."""
        value = self.broadcast(version, revision, **changes)
        process = by or self.one
        await process.ledger.release(self.believed(value, ends=ends, reach=reach, keys=keys), 1, MARGIN)
        if people := list(to):
            await process.ledger.batch(self.batch(value, people), MARGIN)
        return value

    def batch(self, value: Broadcast, to: Sequence[str], **changes: Any) -> BatchStatement:
        fields: dict[str, Any] = {
            "realm": Realm.LIVE, "channel": Channel.SMS, "lineage": value.lineage, "version": value.version,
            "revision": value.revision, "digest": broadcasts.canonical(value)[1], "severity": value.severity,
            "number": 1, "of": 1, "reach": len(to), "language": "en", "subscribers": tuple(to), **changes,
        }  # fmt: skip
        return BatchStatement(**fields)

    async def withdraw(
        self, value: Broadcast, *, by: Process | None = None, keys: tuple[str, ...] = ("key-2",)
    ) -> None:
        ends = self.clock.now() + timedelta(seconds=TAKE_BACK_S)
        await (by or self.one).ledger.withdraw(self.believed(value, ends=ends, reach=None, keys=keys), 1)

    async def cancel(self, version: int, **changes: Any) -> Broadcast:
        return await self.release(version, kind=BroadcastKind.CANCEL, **changes)

    # --- what the ledger says ---

    def put(self, row: Any, **changes: Any) -> None:
        """Make one row of the ledger what it was, but for `changes`."""
        with self.one.store.begin() as connection:
            values = {**row._asdict(), **changes}
            connection.execute(sa.update(delivery).where(delivery.c.id == row.id).values(values))

    def query(self, query: "sa.Select[Any]") -> Sequence[Any]:
        with self.one.store.begin() as connection:
            return connection.execute(query).all()

    def rows(self, *, kind: Kind | None = None, target: str | None = None) -> list[Any]:
        """Rows of the ledger, in the order of version, revision and target."""
        query = sa.select(delivery).order_by(delivery.c.ordinal, delivery.c.target, delivery.c.id)
        if kind:
            query = query.where(delivery.c.kind == kind)
        if target:
            query = query.where(delivery.c.target == target)
        return list(self.query(query))

    def row(self, target: str = ANNA, kind: Kind = Kind.ALERT, version: int | None = None) -> Any:
        """The one row of this target and kind."""
        found = [row for row in self.rows(kind=kind, target=target) if version is None or row.version == version]
        assert len(found) == 1, found
        return found[0]

    def states(self, kind: Kind = Kind.ALERT) -> dict[str, str]:
        """The state of each target."""
        return {row.target: row.state for row in self.rows(kind=kind)}

    def ids(self, name: str) -> set[str]:
        """The platform's ids of one delivery."""
        found = self.query(sa.select(platform_id.c.platform_id).where(platform_id.c.delivery == name))
        return {row.platform_id for row in found}

    def alarms(self, *, over: bool = False) -> list[str]:
        """The rules of all alarms that were raised, or of those that are `over`, in order."""
        rows = self.query(sa.select(outbox_rows).order_by(outbox_rows.c.id))
        told = [Alarm.model_validate_json(row.value) for row in rows if row.topic.endswith("alarms")]
        return [alarm.rule for alarm in told if alarm.over is over]

    def receipt(self, name: str, status: str, platform_id: str = "R1", code: int | None = None) -> Receipt:
        return Receipt.model_validate(
            {"delivery": name, "platform_id": platform_id, "status": status, "code": code, "at": self.clock.now()}
        )

    def report(self, row: Any, status: str, code: int | None = None) -> Receipt:
        """A report about the message of this row."""
        return self.receipt(row.id, status, min(self.ids(row.id), default="R1"), code)

    async def receipts(self, *reports: Receipt, reason: Reason = Reason.PERMANENT_RECIPIENT) -> None:
        """Delivery reports reach the first process."""
        bad = {r.delivery: reason for r in reports if r.status in {"undelivered", "failed"}}
        effects = await self.one.ledger.receipts(reports, bad)
        self.one.metrics.take(effects)
        await self.one.alarms.take(effects)
