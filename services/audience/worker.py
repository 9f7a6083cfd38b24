"""The work behind the handlers: estimates, selections, batches, in steps of one short transaction each.

A process that is killed begins the step again. People are chosen once: until all batches of a selection are written
down nothing of it is published, and from then on they never change.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from structlog.stdlib import get_logger

from schemas.audience import AudienceEstimate
from schemas.topics import ALARMS, ESTIMATED, batches
from schemas.words import Channel, Realm
from services.audience import store as rows
from services.audience.batching import Cut, cut, sign, statement_of
from services.audience.choosing import Book, Chosen, choose
from services.audience.metrics import AudienceMetrics, Outcome
from services.audience.saying import REACH_RULE, ROOM, estimate_of, reach_alarm
from services.audience.store import Selection
from services.audience.tables import Progress
from services.audience.wanted import Wanted
from services.phonebook.errors import PhonebookError
from services.runtime import verifier
from services.runtime.clock import Clock
from services.runtime.outbox import CORRELATION_HEADER, Outbox
from services.runtime.store import Store
from services.runtime.trust import SigningKey
from services.runtime.trusted import NotTrustedError, Trust

P = ParamSpec("P")
T = TypeVar("T")

log = get_logger(__name__)
#: Batches a transaction, kept or published: 10 are 5,000 people and 170 kB.
CHUNK = 10
AGAIN_S, AGAIN_MOST_S = 1.0, 10.0


@dataclass(frozen=True)
class Means:
    """What the work is done with. `trust` and `key` raise while there is none."""

    realm: Realm
    store: Store
    box: Outbox
    book: Book
    clock: Clock
    metrics: AudienceMetrics
    trust: Callable[[], Trust]
    key: Callable[[], SigningKey]


class Worker:
    """One step after another, until nothing is left to do; then it sleeps until `wake`."""

    def __init__(
        self,
        means: Means,
        may_work: Callable[[], bool] = lambda: True,
        must_hold: Callable[[sa.Connection], None] = lambda _connection: None,
    ) -> None:
        """`may_work` is asked in a thread before each round, `must_hold` in each writing transaction: see `turn`."""
        self._m, self._may_work, self._must_hold = means, may_work, must_hold
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There is something to do. Call from the event loop."""
        self._woken.set()

    async def run(self, idle_s: float = 5.0) -> None:
        """Work for ever. `idle_s` is how long a missed wake may cost; what fails is tried again, ever less often."""
        wait, again = idle_s, AGAIN_S
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), wait)
            self._woken.clear()
            try:
                while await asyncio.to_thread(self._may_work) and await self.step():
                    pass
                await self.show()
            except Exception as error:  # noqa: BLE001 - whatever failed, the work still stands in the store
                log.warning("audience.retry", error=type(error).__name__, says=_sentence(error), wait_s=again)
                wait, again = again, min(AGAIN_MOST_S, again * 2)
            else:
                wait, again = idle_s, AGAIN_S

    async def show(self) -> None:
        """Show what stands still now."""
        self._m.metrics.too_wide.set(await self._m.store.transact(rows.too_wide, self._m.clock.now()))

    async def step(self) -> bool:
        """Do one thing; whether there was one."""
        owed = await self._m.store.transact(rows.next_estimate)
        if owed is not None:
            await self._estimate(*owed)
            return True
        selection = await self._m.store.transact(rows.next_selection)
        if selection is None:
            return False
        if selection.ends <= self._m.clock.now():
            await self._end(selection, Progress.EXPIRED, Outcome.EXPIRED)
        elif selection.progress is Progress.WANTED:
            await self._select(selection)
        else:
            await self._write(selection)
        return True

    # --- estimates ---

    async def _estimate(self, wanted: Wanted, correlation: str) -> None:
        estimate = estimate_of(self._m.realm, wanted, await self._choose(wanted), self._m.clock.now())

        def keep(connection: sa.Connection) -> None:
            self._put_estimate(connection, estimate, correlation)
            rows.estimated(connection, wanted.digest, self._m.clock.now())

        await self._commit(keep)
        self._m.metrics.estimates.inc()

    def _put_estimate(self, connection: sa.Connection, estimate: AudienceEstimate, correlation: str) -> None:
        self._m.box.put(connection, ESTIMATED, estimate.lineage, estimate, {CORRELATION_HEADER: correlation})

    async def _choose(self, wanted: Wanted) -> Chosen:
        before = await self._m.store.transact(rows.before, wanted)
        return await asyncio.to_thread(choose, self._m.book, wanted, before)

    # --- selections ---

    async def _select(self, selection: Selection) -> None:
        wanted = selection.wanted
        chosen = await self._choose(wanted)
        if verifier.exceeds(selection.reach, len(chosen.people), self._m.trust().policy):
            await self._too_wide(selection, chosen)
            return
        cuts = await asyncio.to_thread(cut, chosen.people, wanted.languages)
        await self._commit(rows.begin, wanted.digest)
        for start in range(0, len(cuts), CHUNK):
            await self._commit(rows.add, wanted.digest, cuts[start : start + CHUNK])
        await self._commit(self._fix, selection, len(chosen.people), len(cuts))
        log.info("audience.selected", lineage=wanted.lineage, people=len(chosen.people), batches=len(cuts))

    def _fix(self, connection: sa.Connection, selection: Selection, people: int, of: int) -> None:
        rows.fix(connection, selection.wanted.digest, people, of)
        if selection.people is not None:  # it had been too wide
            self._put_alarm(connection, selection, people, over=True)

    async def _too_wide(self, selection: Selection, chosen: Chosen) -> None:
        """Nobody is texted; the new reach and an alarm go out, and a new Decision makes a new Release."""
        estimate = estimate_of(self._m.realm, selection.wanted, chosen, self._m.clock.now())

        def keep(connection: sa.Connection) -> None:
            self._put_estimate(connection, estimate, selection.correlation)
            self._put_alarm(connection, selection, estimate.people, over=False)
            rows.hold_back(connection, selection.wanted.digest, estimate.people)

        await self._commit(keep)
        self._m.metrics.estimates.inc()
        self._m.metrics.selections.labels(Outcome.TOO_WIDE.value).inc()

    def _put_alarm(self, connection: sa.Connection, selection: Selection, people: int, *, over: bool) -> None:
        alarm = reach_alarm(self._m.realm, selection, people, self._m.clock.now(), over=over)
        self._m.box.put(connection, ALARMS, f"{ROOM}#{REACH_RULE}", alarm, {CORRELATION_HEADER: selection.correlation})

    # --- batches ---

    async def _write(self, selection: Selection) -> None:
        key = self._m.key()
        done = await self._commit(self._write_some, selection, key)
        if not done:
            await self._end(selection, Progress.DONE, Outcome.DONE)
            return
        urgency = selection.wanted.urgency.value
        self._m.metrics.batches.labels(urgency).inc(len(done))
        self._m.metrics.people.labels(urgency).inc(sum(len(each.subscribers) for each in done))

    def _write_some(self, connection: sa.Connection, selection: Selection, key: SigningKey) -> list[Cut]:
        wanted, headers = selection.wanted, {CORRELATION_HEADER: selection.correlation}
        some = rows.unwritten(connection, wanted.digest, CHUNK)
        for each in some:
            statement = statement_of(self._m.realm, wanted, each, selection.of or 0, selection.people or 0)
            name = f"{wanted.lineage}#{each.number}"
            self._m.box.put(connection, batches(Channel.SMS, wanted.urgency), name, sign(key, statement), headers)
        rows.written(connection, wanted.digest, [each.number for each in some])
        return some

    async def _end(self, selection: Selection, progress: Progress, outcome: Outcome) -> None:
        if await self._commit(rows.settle, selection.wanted.digest, progress):
            self._m.metrics.selections.labels(outcome.value).inc()

    async def _commit(self, work: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def whole(connection: sa.Connection) -> T:
            self._must_hold(connection)
            return work(connection, *args, **kwargs)

        found = await self._m.store.transact(whole)
        self._m.box.wake()
        return found


def _sentence(error: Exception) -> str:
    """Our own errors say what to do; what others say may hold values."""
    return str(error) if isinstance(error, (PhonebookError, NotTrustedError, OSError)) else ""
