"""One account with two processes on one real ledger, step by step: what people, processes, platform and time may do.

The platform keeps its bounds: a request arrives within G + R + D of its first byte or never, and shows within L. All
else may happen between any two steps. A process stalls by not being chosen; a crash drops its memory, and what it
wrote is on its way.
"""

from collections.abc import Coroutine, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from schemas.broadcast import Broadcast
from schemas.words import TAKE_BACKS, BroadcastKind, Channel, Kind, Realm, Reason, Severity, State
from services.dispatch import ids
from services.dispatch.brake import set_brake
from services.dispatch.gate import Done
from services.dispatch.persons import Saying
from services.dispatch.persons import settle as settle_by_person
from services.dispatch.port import Doubt, Job, NotSent, Outcome, Refused, Sent
from tests.dispatch.databases import Database
from tests.dispatch.fakes import BOUNDS, Message, address_of
from tests.dispatch.world import LINEAGE, MARGIN, Process, World

T = TypeVar("T")
PATIENCE_S = 300.0
OLDER = "e" * 32
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
    key: int = 1
    """Whose key signs now; those before it were taken away."""
    withdrawn: datetime | None = None
    """When somebody withdrew last."""
    came_to_nothing: set[str] = field(default_factory=set)
    """Take-backs that had failed when somebody withdrew again."""
    taking_back: bool = False
    stopped: set[str] = field(default_factory=set)
    braked: bool = False
    look_up_failed: bool = False


class Account:
    """See the module."""

    def __init__(self, database: Database, severity: Severity, minutes: int, alike: Sequence[str] = ()) -> None:
        """An alert of this severity ends after so many minutes; to those of `alike` an older one reads the same."""
        database.empty()
        self.database, self.severity, self.minutes = database, severity, minutes
        self.world = World(database.folder, url=database.url)
        self.clock, self.platform = self.world.clock, self.world.platform
        for store in database.stores:
            self.world.process(given=store, patience_s=PATIENCE_S, counters=database.metrics)
        self.told = Told()
        self.requests: list[Request] = []
        self.halfway: dict[int, Coroutine[Any, Any, None]] = {}
        """Sweeps that have an answer of the platform and have not used it yet."""
        self.maybe: set[str] = set()
        """Targets of which something was ever `unresolved`."""
        self.older: set[str] = set()
        """Messages of the older alert."""
        self.refused: set[str] = set()
        """Deliveries that the platform has refused for good, or that a person has given up after their end."""
        self.undelivered: set[str] = set()
        """Messages that were ever reported as not delivered."""
        self.delivered: set[str] = set()
        """Messages that were reported as delivered, after all perhaps."""
        if alike:
            self._older_alert(alike)

    def _older_alert(self, to: Sequence[str]) -> None:
        """Another lineage's alert stands, whose text is word by word what this one's will be."""
        process = self.process(0)
        texts = {channel: {"en": [f"{channel}: alike"]} for channel in Channel}
        run(self.world.release(to=to, by=process, lineage=OLDER, texts=texts))
        run(process.turn())
        self.older = {message.id for message in self.platform.messages}

    def process(self, number: int) -> Process:
        return self.world.processes[number]

    # --- people ---

    def release(self, version: int, revision: int, kind: BroadcastKind, to: set[str], by: int) -> None:
        now = self.clock.now().replace(microsecond=0)
        first = self.older and not self.told.values
        texts = {channel: {"en": [f"{channel}: alike"]} for channel in Channel} if first else None
        value = self.world.broadcast(
            version, revision, kind=kind, severity=self.severity, now=now,
            expires=now + timedelta(minutes=self.minutes), texts=texts,
        )  # fmt: skip
        self._plan(value, to, by)
        self.told.values.append(value)
        self.told.mark = ids.ordinal(version, revision)
        self.told.to[self.told.mark] = to
        self.told.taking_back = kind is BroadcastKind.CANCEL

    def _plan(self, value: Broadcast, to: set[str], by: int) -> None:
        self._sign(value, by)
        if value.kind is not BroadcastKind.CANCEL:
            run(self.process(by).ledger.batch(self.world.batch(value, sorted(to)), MARGIN))

    def _sign(self, value: Broadcast, by: int) -> None:
        run(self.process(by).ledger.release(self.world.believed(value, keys=self._keys()), 1, MARGIN))

    def _keys(self) -> tuple[str, ...]:
        return (f"key-{self.told.key}",)

    def redelivered(self, which: int, by: int) -> None:
        """Kafka gives a release and its batch once more, and what took it back not: its topic is another."""
        value = self.told.values[which % len(self.told.values)]
        to = self.told.to.get(ids.ordinal(value.version, value.revision), set())
        self._plan(value, to, by)

    def take_back(self, *, cancel: bool, by: int) -> None:
        last = self.told.values[-1]
        if cancel:
            self.release(last.version + 1, 1, BroadcastKind.CANCEL, set(), by)
            return
        self._withdraw(last, by)
        self.told.mark = ids.ordinal(last.version, last.revision, take_back=True)
        self.told.taking_back = True

    def _withdraw(self, value: Broadcast, by: int) -> None:
        now, before = self.clock.now(), self.told.withdrawn
        if before is not None and now > before:
            backs = [row for row in self.rows() if row.ordinal == self.told.mark and row.state == State.FAILED]
            self.told.came_to_nothing |= {row.id for row in backs}
        self.told.withdrawn = max(now, before or now)
        run(self.world.withdraw(value, by=self.process(by), keys=self._keys()))

    @property
    def withdrawn(self) -> bool:
        """Whether the last word is a withdrawal."""
        return self.told.mark % 2 == ids.TAKE_BACK

    def withdraw_again(self, by: int) -> None:
        """Somebody withdraws the same once more; at the same moment, that is Kafka's repeat."""
        self._withdraw(self.told.values[-1], by)

    def others_sign(self, by: int, *, first: bool) -> None:
        """The key that has signed the last word is taken away, and others sign it: either comes first."""
        lost = frozenset(f"key-{number}" for number in range(1, self.told.key + 1))
        self.told.key += 1
        if first:
            self._last_word_again(by)
        for process in self.world.processes:
            run(process.ledger.revoke(lost))
        if not first:
            self._last_word_again(by)

    def _last_word_again(self, by: int) -> None:
        (self._withdraw if self.withdrawn else self._sign)(self.told.values[-1], by)

    def stop(self, who: str) -> None:
        """Every process hears of a STOP."""
        self.told.stopped.add(who)
        for process in self.world.processes:
            run(process.ledger.opt(who, out=True))

    def brake(self, *, on: bool) -> None:
        self.told.braked = on
        set_brake(self.database.url, Channel.SMS, on=on, by="op", reason="test", now=self.clock.now())

    def person(self, which: int, *, proves: bool) -> None:
        """Somebody has looked at the platform, and says the truth about something `unresolved`."""
        rows = self.unresolved()
        row = rows[which % len(rows)]
        there = [r.message.id for r in self.requests if r.job.id == row.id and r.message]
        to = State.SENT if there else State.PLANNED if row.ends > self.clock.now() else State.FAILED
        self.refused |= {row.id} if to is State.FAILED else set()
        saying = Saying(row.id, to, "op", "test", there[0] if there and proves else None)
        with self.process(0).store.begin() as connection:
            settle_by_person(connection, Channel.SMS, Realm.LIVE, saying, self.clock.now())

    def unresolved(self) -> list[Any]:
        return [row for row in self.rows() if row.state == State.UNRESOLVED]

    def rows(self) -> list[Any]:
        """Rows of this lineage."""
        return [row for row in self.world.rows() if row.lineage == LINEAGE]

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

    def window_unanswered(self, by: int, slots: int) -> None:
        """The connection dies between the commit and its answer: nothing is sent, and the outcomes are kept."""
        process = self.process(by)
        run(process.ledger.window(process.finished, slots))

    def write(self, process: Process, name: str, fate: str, delay: float = 0.0, lag: float = 0.0) -> None:
        """One request starts, if it still may: it `arrives` after `delay`, or `never`, or see `AT_ONCE`."""
        job, fresh = process.flying.pop(name)
        may = fresh.permit(job)()
        outcome = AT_ONCE.get(fate) if may else NotSent(Reason.TRANSIENT, 0.0)
        if may:
            assert self.clock.now() < job.ends, "started after its end"
            assert job.target not in self.told.stopped, "started after STOP"
        if outcome:
            self.refused |= {name} if isinstance(outcome, Refused) else set()
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
                before = self.arrived(job.target)
                if job.kind in TAKE_BACKS:
                    assert before or job.target in self.maybe, "took back what never was"
                assert all(other.job.ordinal <= job.ordinal for other in before), "arrived after what is newer"
                request.message = self.platform.accept(address_of(job.target), job.text, request.lag)

    def arrived(self, target: str | None = None) -> list[Request]:
        """Requests that the platform has taken, those to one target or all."""
        return [r for r in self.requests if r.message and target in {None, r.job.target}]

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
        why = {request.job.id: Reason.PERMANENT_RECIPIENT} if status == "undelivered" else {}
        {"undelivered": self.undelivered, "delivered": self.delivered}.get(status, set()).add(request.message.id)
        run(self.process(by).ledger.receipts([receipt], why))

    def lost(self, name: str) -> bool:
        """Whether the platform says of a message of this delivery that it was not delivered."""
        return bool(self.messages(name) & (self.undelivered - self.delivered))

    def messages(self, name: str) -> set[str]:
        """The platform's ids of one delivery's messages."""
        return {r.message.id for r in self.requests if r.message and r.job.id == name}

    def pass_time(self, seconds: float) -> None:
        """Time passes, and what is due arrives on its way."""
        end = self.clock.boottime() + seconds
        while self.clock.boottime() < end:
            due = [r.arrives for r in self.requests if r.arrives is not None and r.message is None]
            self.clock.pass_time(min([end, *due]) - self.clock.boottime())
            self._arrivals()
