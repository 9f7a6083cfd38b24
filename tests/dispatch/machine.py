"""A state machine for hypothesis: two processes on one real ledger, a platform that keeps its bounds, any order.

Everything that can happen to one lineage may happen between any two steps: crashes, stalls (time passes between an
intent and its first byte), requests that arrive late or never, answers that are lost, reports in any order, steps of
the wall clock, a look-up that fails, an update, a correction, a Cancel, a withdrawal, a STOP, the brake. After each
step the promises are checked, and at the end everything is run until it is settled.
"""

import shutil
import tempfile
from collections.abc import Coroutine, Generator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.broadcast import Broadcast
from schemas.words import TAKE_BACKS, BroadcastKind, Channel, Kind, Reason, Severity, State
from services.dispatch import ids
from services.dispatch.brake import set_brake
from services.dispatch.gate import Done
from services.dispatch.port import Doubt, Job, NotSent, Outcome, Refused, Sent
from services.dispatch.tables import metadata, platform_id
from services.runtime.store import Store, sqlite_url
from tests.dispatch.fakes import BOUNDS, Message, address_of
from tests.dispatch.world import ANNA, BEN, LINEAGE, MARGIN, Process, World, open_store

T = TypeVar("T")
TARGETS = (ANNA, BEN)
OPEN = {State.PLANNED, State.SENDING, State.UNKNOWN}
STOOD = {State.SENT, State.DELIVERED, State.WITHDRAWN, State.CORRECTED}
FINAL = {State.FAILED, State.EXPIRED, State.SUPERSEDED, State.SUPPRESSED, State.WITHDRAWN, State.CORRECTED}
PATIENCE_S = 300.0
#: A request may arrive so long after its first check: G, R and D.
LATEST = BOUNDS.gap + BOUNDS.answer + BOUNDS.accept


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
    """One request on its way."""

    job: Job
    process: Process | None
    written: float
    arrives: float | None
    lag: float
    answered: bool
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


class Dispatchers(RuleBasedStateMachine):
    """See the module."""

    stores: tuple[Store, Store]
    folder: Path

    @classmethod
    def setup_class(cls) -> None:
        """One database for all runs; each begins by emptying it."""
        cls.folder = Path(tempfile.mkdtemp(prefix="tocsin-protocol-"))
        cls.stores = (open_store(cls.folder / "ledger.db"), open_store(cls.folder / "ledger.db"))
        for store in cls.stores:
            store.transact = _at_once(store)  # type: ignore[method-assign]  # no thread: the order of steps is ours

    @classmethod
    def teardown_class(cls) -> None:
        """Close the database and delete it."""
        for store in cls.stores:
            store.close()
        shutil.rmtree(cls.folder)

    def __init__(self) -> None:
        super().__init__()
        with self.stores[0].begin() as connection:
            for table in metadata.tables.values():
                connection.execute(sa.delete(table))
        self.world = World(self.folder)
        self.clock, self.platform = self.world.clock, self.world.platform
        for store in self.stores:
            self.world.process(given=store, patience_s=PATIENCE_S)
        self.told = Told()
        self.requests: list[Request] = []
        self.halfway: dict[int, Coroutine[Any, Any, None]] = {}
        """Sweeps that have an answer of the platform and have not used it yet."""
        self.before: dict[str, tuple[Any, frozenset[str]]] = {}
        self.maybe: set[str] = set()
        """Targets of which something was ever `unresolved`."""

    def process(self, number: int) -> Process:
        return self.world.processes[number]

    # --- what people do ---

    @initialize(
        severity=st.sampled_from([Severity.SEVERE, Severity.SEVERE, Severity.EXTREME]),
        to=st.sets(st.sampled_from(TARGETS), min_size=1), short=st.booleans(),
    )  # fmt: skip
    def first_release(self, severity: Severity, to: set[str], short: bool) -> None:
        self.severity, self.short = severity, short
        self._release(1, 1, BroadcastKind.ALERT, to, 0)

    def _release(self, version: int, revision: int, kind: BroadcastKind, to: set[str], by: int) -> None:
        now = self.clock.now()
        value = self.world.broadcast(
            version, revision, kind=kind, severity=self.severity, now=now.replace(microsecond=0),
            expires=now.replace(microsecond=0) + timedelta(minutes=8 if self.short else 600),
        )  # fmt: skip
        ledger = self.process(by).ledger
        run(ledger.release(self.world.believed(value), 1, MARGIN))
        if kind is not BroadcastKind.CANCEL:
            run(ledger.batch(self.world.batch(value, sorted(to)), MARGIN))
        ordinal = ids.ordinal(version, revision)
        self.told.values.append(value)
        self.told.to[ordinal] = to
        self.told.mark = ordinal
        self.told.taking_back = kind is BroadcastKind.CANCEL

    @precondition(lambda self: not self.told.taking_back and len(self.told.values) < 3)
    @rule(kind=st.sampled_from(["update", "correction"]), more=st.booleans(), by=st.integers(0, 1))
    def next_release(self, kind: str, more: bool, by: int) -> None:
        """An update or a correction goes to whoever was selected before, and perhaps to all."""
        last = self.told.values[-1]
        to = set(TARGETS) if more else set.union(*self.told.to.values())
        if kind == "update":
            self._release(last.version + 1, 1, BroadcastKind.UPDATE, to, by)
        else:
            self._release(last.version, last.revision + 1, last.kind, to, by)

    @precondition(lambda self: not self.told.taking_back)
    @rule(cancel=st.booleans(), by=st.integers(0, 1))
    def take_back(self, cancel: bool, by: int) -> None:
        last = self.told.values[-1]
        if cancel:
            self._release(last.version + 1, 1, BroadcastKind.CANCEL, set(), by)
            return
        run(self.world.withdraw(last, by=self.process(by)))
        self.told.mark = ids.ordinal(last.version, last.revision, take_back=True)
        self.told.taking_back = True

    @rule(what=st.sampled_from(["stop", "brake", "look-up", "wall clock"]), one=st.booleans())
    def something_odd(self, what: str, one: bool) -> None:
        """A STOP, which every process hears; the brake; a look-up that breaks or mends; a step of the wall clock."""
        if what == "stop":
            who = TARGETS[one]
            self.told.stopped.add(who)
            for process in self.world.processes:
                run(process.ledger.opt(who, out=True))
        elif what == "brake":
            self._brake(on=not self.told.braked)
        elif what == "look-up":
            self.platform.look_up_fails = not self.platform.look_up_fails
            self.told.look_up_failed = True
        else:
            self.clock.step_wall(150 if one else -150)

    def _brake(self, *, on: bool) -> None:
        self.told.braked = on
        set_brake(sqlite_url(self.world.path), Channel.SMS, on=on, by="op", reason="test", now=self.clock.now())

    # --- what processes do ---

    @rule(by=st.integers(0, 1), slots=st.integers(0, 3))
    def window(self, by: int, slots: int) -> None:
        """Commit outcomes and open intents: none below the mark, none while the brake is on."""
        for job in run(self.process(by).window(slots)):
            assert not self.told.braked, "opened although the brake is on"
            assert job.ordinal >= self.told.mark or job.kind is Kind.DELETION, "opened below the mark"
            assert job.target not in self.told.stopped, "opened after STOP"
            assert self.clock.now() < job.ends, "opened after its end"

    @precondition(lambda self: any(process.flying for process in self.world.processes))
    @rule(data=st.data(), fate=st.sampled_from(["arrives", "arrives", "late", "never", "connect", "rate", "refused"]))
    def write(self, data: st.DataObject, fate: str) -> None:
        """One request starts, if it still may."""
        process = data.draw(st.sampled_from([p for p in self.world.processes if p.flying]))
        name = data.draw(st.sampled_from(sorted(process.flying)))
        delay = data.draw(st.floats(0, LATEST)) if fate == "late" else 0.0
        lag = data.draw(st.sampled_from([0.0, 0.5, BOUNDS.visible]))
        self._write(process, name, fate, delay, lag)

    def _write(self, process: Process, name: str, fate: str, delay: float, lag: float) -> None:
        job, fresh = process.flying.pop(name)
        now = self.clock.boottime()
        said_no: dict[str, Outcome] = {
            "connect": NotSent(Reason.TRANSIENT), "rate": NotSent(Reason.RATE_LIMITED, 5.0),
            "refused": Refused(Reason.PERMANENT_RECIPIENT, 21211),
        }  # fmt: skip
        if fate == "connect" or not fresh.permit(job)():
            process.finished.append(Done(job, NotSent(Reason.TRANSIENT, 0.0)))
            return
        if fate in said_no:
            process.finished.append(Done(job, said_no[fate]))
            return
        arrives = None if fate == "never" else now + delay
        self.requests.append(Request(job, process, now, arrives, lag, answered=False))
        self._arrivals()

    def _arrivals(self) -> None:
        for request in self.requests:
            due = request.arrives is not None and request.arrives <= self.clock.boottime()
            if due and request.message is None:
                self._arrive(request)

    def _arrive(self, request: Request) -> None:
        job, address = request.job, address_of(request.job.target)
        if job.kind in TAKE_BACKS:
            assert self.platform.texts(job.target) or job.target in self.maybe, "took back what never was"
        request.message = self.platform.accept(address, job.text, request.lag)

    @precondition(lambda self: any(r.process and not r.answered for r in self.requests))
    @rule(data=st.data(), lost=st.booleans())
    def answer(self, data: st.DataObject, lost: bool) -> None:
        """The platform's answer is read; or it is lost, or does not come within R."""
        waiting = [r for r in self.requests if r.process and not r.answered]
        self._answer(data.draw(st.sampled_from(waiting)), lost=lost)

    def _answer(self, request: Request, *, lost: bool) -> None:
        assert request.process is not None
        request.answered = True
        outcome: Outcome = Doubt()
        if request.message and not lost:
            outcome = Sent(request.message.id, request.message.created)
        request.process.finished.append(Done(request.job, outcome))

    @rule(by=st.integers(0, 1), stalls=st.booleans())
    def sweep(self, by: int, stalls: bool) -> None:
        """A sweep; perhaps one that stalls between the platform's answer and the ledger."""
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

    @rule(by=st.integers(0, 1), fate=st.sampled_from(["arrives", "never"]))
    def answer_is_lost(self, by: int, fate: str) -> None:
        """An attempt whose answer never comes: the doubt that everything else turns on."""
        self.window(by, 1)
        process = self.process(by)
        for name in list(process.flying)[:1]:
            self._write(process, name, fate, 0.0, 0.0)
        for request in self.requests:
            if request.process is process and not request.answered:
                self._answer(request, lost=True)
        self.window(by, 0)

    @rule(by=st.sampled_from([(0,), (1,), (0, 1)]))
    def quarantine_passes(self, by: tuple[int, ...]) -> None:
        """These processes see what is in doubt, and Q goes by."""
        for number in by:
            if number not in self.halfway:
                run(self.process(number).sweep())
        self.pass_time(BOUNDS.quarantine + 1)

    @rule(by=st.integers(0, 1))
    def crash(self, by: int) -> None:
        """Kill -9. What it wrote is on its way."""
        dead = self.process(by)
        if by in self.halfway:
            self.halfway.pop(by).close()
        for request in self.requests:
            if request.process is dead:
                request.process = None
        self.world.processes[by] = Process(self.world, patience_s=PATIENCE_S, given=dead.store)
        run(self.process(by).ledger.load())
        self.process(by).ledger.stopped |= self.told.stopped

    # --- the platform and time ---

    @precondition(lambda self: self.platform.messages)
    @rule(data=st.data(), status=st.sampled_from(["accepted", "sent", "delivered"]), by=st.integers(0, 1))
    def report(self, data: st.DataObject, status: str, by: int) -> None:
        """A delivery report, as often and in whatever order it comes."""
        arrived = [r for r in self.requests if r.message]
        request = data.draw(st.sampled_from(arrived))
        assert request.message
        receipt = self.world.receipt(request.job.id, status, request.message.id)
        run(self.process(by).ledger.receipts([receipt], {}))

    @rule(seconds=st.sampled_from([0.4, 4.0, 11.0, 31.0, 61.0, 121.0]))
    def pass_time(self, seconds: float) -> None:
        """Time passes, and what is due arrives on its way."""
        end = self.clock.boottime() + seconds
        while self.clock.boottime() < end:
            dues = [r.arrives for r in self.requests if r.arrives and not r.message]
            self.clock.pass_time(min([end, *dues]) - self.clock.boottime() if dues else end - self.clock.boottime())
            self._arrivals()

    # --- the promises ---

    @invariant()
    def nobody_gets_the_same_twice(self) -> None:
        doubled = {text: n for text, n in self.platform.counts().items() if n > 1}
        assert not doubled or (self.severity is Severity.EXTREME and self.told.look_up_failed), doubled

    @invariant()
    def only_evidence_moves_what_is_settled(self) -> None:
        after = self._rows()
        for name, (old, had) in self.before.items():
            new, have = after[name]
            assert new.attempt >= old.attempt
            assert new.seq >= old.seq
            assert had <= have
            assert (new.seq > old.seq) == (new.state != old.state or new.attempt > old.attempt), (old, new)
            if had == have and old.state in FINAL:
                assert new.state == old.state, (old.state, new.state)
            if old.state in {State.SENT, State.DELIVERED}:
                assert new.state in {State.SENT, State.DELIVERED, State.WITHDRAWN, State.CORRECTED}
            if old.state == State.DELIVERED:
                assert new.state != State.SENT
        self.maybe |= {row.target for row, _ in after.values() if row.state == State.UNRESOLVED}
        self.before = after

    def _rows(self) -> dict[str, tuple[Any, frozenset[str]]]:
        owned: dict[str, set[str]] = {}
        for name, value in self.world.query(sa.select(platform_id.c.delivery, platform_id.c.platform_id)):
            owned.setdefault(name, set()).add(value)
        return {row.id: (row, frozenset(owned.get(row.id, ()))) for row in self.world.rows()}

    # --- the end ---

    def teardown(self) -> None:
        """Mend everything, run to the end, and hold the ledger against the platform."""
        if not self.told.values:
            return  # it failed before it began
        self.platform.look_up_fails = False
        if self.told.braked:
            self._brake(on=False)
        for number in list(self.halfway):
            run(self.halfway.pop(number))
        for _ in range(40):
            self._honestly()
            if not OPEN & {State(row.state) for row in self.world.rows()} and not self._owed():
                break
            self.pass_time(121.0)
        else:
            message = f"never settled: {[(r.kind, r.state, r.reason) for r in self.world.rows()]}"
            raise AssertionError(message)
        self.nobody_gets_the_same_twice()
        self.only_evidence_moves_what_is_settled()
        self._ledger_and_platform_agree()
        self._everybody_knows()

    def _honestly(self) -> None:
        for process in self.world.processes:
            run(process.sweep())
            run(process.window())
            for name in list(process.flying):
                self._write(process, name, "arrives", 0.0, 0.0)
            for request in self.requests:
                if request.process is process and not request.answered:
                    self._answer(request, lost=False)
            run(process.window(0))
            run(process.sweep())

    def _owed(self) -> int:
        return run(self.process(0).ledger.owe(BOUNDS.last_arrival)).planned

    def _ledger_and_platform_agree(self) -> None:
        rows = {row.id: row for row in self.world.rows()}
        arrived = {request.job.id for request in self.requests if request.message}
        for name in arrived:
            assert rows[name].state in STOOD | {State.UNRESOLVED}, (rows[name].state, "stands on the platform")
        for name, row in rows.items():
            if row.state in {State.SENT, State.DELIVERED, State.CORRECTED}:
                assert name in arrived, (row.kind, row.state, "is nowhere")
            if row.state == State.UNRESOLVED:
                assert self.told.look_up_failed

    def _everybody_knows(self) -> None:
        """Who has the alert hears that it is over, once; who was selected last has the last words."""
        rows = self.world.rows()
        for target in TARGETS:
            mine = [row for row in rows if row.target == target]
            if self.told.taking_back:
                self._is_told(target, mine)
            elif target in self.told.to[self.told.mark]:
                states = {row.state for row in mine if row.ordinal == self.told.mark}
                good = {State.SENT, State.DELIVERED, State.FAILED, State.EXPIRED, State.UNRESOLVED}
                assert states & good or target in self.told.stopped, states

    def _is_told(self, target: str, mine: list[Any]) -> None:
        has = any(row.state in STOOD for row in mine if row.kind not in TAKE_BACKS)
        backs = [row for row in mine if row.ordinal == self.told.mark and row.kind in TAKE_BACKS]
        if not has and target not in self.maybe:
            assert not backs, "something was taken back that nobody got"
        if has:
            ended = {State.SENT, State.DELIVERED, State.FAILED, State.SUPPRESSED, State.UNRESOLVED, State.EXPIRED}
            assert len(backs) == 1, (target, [(row.kind, row.state) for row in mine])
            assert backs[0].state in ended


def _at_once(store: Store) -> Any:
    async def transact(work: Any, *args: Any, **named: Any) -> Any:
        with store.begin() as connection:
            return work(connection, *args, **named)

    return transact


__all__ = ["LINEAGE", "Dispatchers"]
