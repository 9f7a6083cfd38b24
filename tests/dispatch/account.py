"""One account with two processes on one real ledger, step by step: what people, processes, platform and time may do.

The platform keeps its bounds: a request arrives within G + R + D of its first byte or never, and shows within L. All
else may happen between any two steps. A process stalls by not being chosen; a crash drops its memory, and what it
wrote is on its way.
"""

from collections.abc import Callable, Coroutine, Generator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from schemas.broadcast import Broadcast
from schemas.words import TAKE_BACKS, BroadcastKind, Channel, Kind, Realm, Reason, Severity
from services.dispatch import ids
from services.dispatch.brake import set_brake
from services.dispatch.gate import Done
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Doubt, Job, NotSent, Outcome, Refused, Sent
from services.dispatch.tables import metadata
from services.runtime.metrics import RoomMetrics
from services.runtime.store import Store, sqlite_url
from tests.dispatch.fakes import BOUNDS, Message, address_of
from tests.dispatch.world import MARGIN, Process, World, open_store

T = TypeVar("T")
PATIENCE_S = 300.0
#: A request may arrive so long after its first byte.
LATEST = BOUNDS.gap + BOUNDS.answer + BOUNDS.accept
#: What a platform, or the way to it, says at once.
AT_ONCE: dict[str, Outcome] = {
    "connect": NotSent(Reason.TRANSIENT, 0.0),
    "refused": Refused(Reason.PERMANENT_RECIPIENT, 21211),
}


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end what waits for nothing, or for `Stall` alone."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # a coroutine's own return


class Stall:
    """Where a coroutine stops until somebody goes on with it."""

    def __await__(self) -> Generator[None, None, None]:
        yield


async def stall() -> None:
    """Stop here once."""
    await Stall()


@dataclass
class Request:
    """One request on its way. `process` is None when its writer has died."""

    job: Job
    process: Process | None
    written: float
    arrives: float | None
    lag: float
    answered: bool = False
    message: Message | None = None


@dataclass
class Told:
    """What people have decided so far."""

    values: list[Broadcast] = field(default_factory=list)
    to: dict[int, set[str]] = field(default_factory=dict)
    """Who was selected, by ordinal."""
    mark: int = 0
    taking_back: bool = False
    stopped: set[str] = field(default_factory=set)
    braked: bool = False
    look_up_failed: bool = False


class Database:
    """Two connections to one ledger's file, emptied for each history: opening is slow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stores = (open_store(folder / "ledger.db"), open_store(folder / "ledger.db"))
        self.metrics = DispatchMetrics(RoomMetrics("dispatch/sms", Realm.LIVE))
        for store in self.stores:
            store.transact = _at_once(store)  # type: ignore[method-assign]  # no thread: the order of steps is ours

    def empty(self) -> None:
        with self.stores[0].begin() as connection:
            for table in metadata.tables.values():
                connection.execute(sa.delete(table))

    def close(self) -> None:
        for store in self.stores:
            store.close()


def _at_once(store: Store) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def transact(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with store.begin() as connection:
            return work(connection, *args, **named)

    return transact


class Account:
    """See the module."""

    def __init__(self, database: Database, severity: Severity, minutes: int) -> None:
        """An alert of this severity ends after so many minutes."""
        database.empty()
        self.database, self.severity, self.minutes = database, severity, minutes
        self.world = World(database.folder)
        self.clock, self.platform = self.world.clock, self.world.platform
        for store in database.stores:
            self.world.process(given=store, patience_s=PATIENCE_S, counters=database.metrics)
        self.told = Told()
        self.requests: list[Request] = []
        self.halfway: dict[int, Coroutine[Any, Any, None]] = {}
        """Sweeps that have an answer of the platform and have not used it yet."""
        self.maybe: set[str] = set()
        """Targets of which something was ever `unresolved`."""

    def process(self, number: int) -> Process:
        return self.world.processes[number]

    # --- people ---

    def release(self, version: int, revision: int, kind: BroadcastKind, to: set[str], by: int) -> None:
        now = self.clock.now().replace(microsecond=0)
        value = self.world.broadcast(
            version, revision, kind=kind, severity=self.severity, now=now, expires=now + timedelta(minutes=self.minutes)
        )
        ledger = self.process(by).ledger
        run(ledger.release(self.world.believed(value), 1, MARGIN))
        if kind is not BroadcastKind.CANCEL:
            run(ledger.batch(self.world.batch(value, sorted(to)), MARGIN))
        self.told.values.append(value)
        self.told.mark = ids.ordinal(version, revision)
        self.told.to[self.told.mark] = to
        self.told.taking_back = kind is BroadcastKind.CANCEL

    def take_back(self, *, cancel: bool, by: int) -> None:
        last = self.told.values[-1]
        if cancel:
            self.release(last.version + 1, 1, BroadcastKind.CANCEL, set(), by)
            return
        run(self.world.withdraw(last, by=self.process(by)))
        self.told.mark = ids.ordinal(last.version, last.revision, take_back=True)
        self.told.taking_back = True

    def stop(self, who: str) -> None:
        """Every process hears of a STOP."""
        self.told.stopped.add(who)
        for process in self.world.processes:
            run(process.ledger.opt(who, out=True))

    def brake(self, *, on: bool) -> None:
        self.told.braked = on
        set_brake(sqlite_url(self.world.path), Channel.SMS, on=on, by="op", reason="test", now=self.clock.now())

    def break_look_up(self) -> None:
        self.platform.look_up_fails = not self.platform.look_up_fails
        self.told.look_up_failed = True

    # --- processes ---

    def window(self, by: int, slots: int) -> None:
        """Commit outcomes and open intents: none below the mark, none while the brake is on."""
        for job in run(self.process(by).window(slots)):
            assert not self.told.braked, "opened although the brake is on"
            assert job.ordinal >= self.told.mark or job.kind is Kind.DELETION, "opened below the mark"
            assert job.target not in self.told.stopped, "opened after STOP"
            assert self.clock.now() < job.ends, "opened after its end"

    def write(self, process: Process, name: str, fate: str, delay: float = 0.0, lag: float = 0.0) -> None:
        """One request starts, if it still may: it `arrives` after `delay`, or `never`, or see `AT_ONCE`."""
        job, fresh = process.flying.pop(name)
        outcome = AT_ONCE.get(fate) if fresh.permit(job)() else NotSent(Reason.TRANSIENT, 0.0)
        if outcome:
            process.finished.append(Done(job, outcome))
            return
        now = self.clock.boottime()
        self.requests.append(Request(job, process, now, None if fate == "never" else now + delay, lag))
        self._arrivals()

    def _arrivals(self) -> None:
        for request in self.requests:
            due = request.arrives is not None and request.arrives <= self.clock.boottime()
            if due and request.message is None:
                job = request.job
                if job.kind in TAKE_BACKS:
                    assert self.platform.texts(job.target) or job.target in self.maybe, "took back what never was"
                request.message = self.platform.accept(address_of(job.target), job.text, request.lag)

    def waiting(self, *processes: Process) -> list[Request]:
        """Requests whose answer some living process waits for, or one of these."""
        return [r for r in self.requests if r.process and not r.answered and (not processes or r.process in processes)]

    def answer(self, request: Request, *, lost: bool) -> None:
        """The platform's answer is read; or it is lost, or does not come within R."""
        assert request.process is not None
        request.answered = True
        there = request.message is not None and not lost
        outcome = Sent(request.message.id, request.message.created) if request.message and there else Doubt()
        request.process.finished.append(Done(request.job, outcome))

    def sweep(self, by: int, *, stalls: bool = False) -> None:
        """A sweep, perhaps one that stalls between the platform's answer and the ledger; or one goes on that did."""
        if by in self.halfway:
            run(self.halfway.pop(by))
            return
        self.platform.stall = stall if stalls else None
        work = self.process(by).sweep()
        try:
            work.send(None)
        except StopIteration:
            return
        finally:
            self.platform.stall = None
        self.halfway[by] = work

    def sweep_without_look_up(self, by: int) -> None:
        """One sweep while the platform's list cannot be read."""
        before, self.platform.look_up_fails = self.platform.look_up_fails, True
        self.told.look_up_failed = True
        self.sweep(by)
        self.platform.look_up_fails = before

    def quarantine_passes(self, by: Iterable[int]) -> None:
        """These processes see what is in doubt, and Q goes by."""
        for number in by:
            if number not in self.halfway:
                self.sweep(number)
        self.pass_time(BOUNDS.quarantine + 1)

    def crash(self, by: int) -> None:
        """Kill -9."""
        dead = self.process(by)
        if by in self.halfway:
            self.halfway.pop(by).close()
        for request in self.requests:
            if request.process is dead:
                request.process = None
        self.world.processes[by] = Process(
            self.world, patience_s=PATIENCE_S, given=dead.store, counters=self.database.metrics
        )
        run(self.process(by).ledger.load())

    # --- platform and time ---

    def report(self, request: Request, status: str, by: int) -> None:
        """A delivery report, as often and in whatever order it comes."""
        assert request.message
        receipt = self.world.receipt(request.job.id, status, request.message.id)
        run(self.process(by).ledger.receipts([receipt], {}))

    def pass_time(self, seconds: float) -> None:
        """Time passes, and what is due arrives on its way."""
        end = self.clock.boottime() + seconds
        while self.clock.boottime() < end:
            due = [r.arrives for r in self.requests if r.arrives is not None and r.message is None]
            self.clock.pass_time(min([end, *due]) - self.clock.boottime())
            self._arrivals()
