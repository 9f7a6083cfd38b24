"""The ledger: where work is carried. A facade over its transactions, and what this process knows beside them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from structlog.stdlib import get_logger

from schemas.audience import Batch, BatchStatement
from schemas.base import Record
from schemas.broadcast import Broadcast
from schemas.delivery import Receipt
from schemas.release import Release, Stop
from schemas.words import TAKE_BACKS, Realm, Reason, Severity, State
from services.dispatch import (
    claims,
    corrections,
    counting,
    deletions,
    evidence,
    gate,
    planner,
    recovery,
    reporting,
    restored,
    settling,
)
from services.dispatch import takeback as taking_back
from services.dispatch.evidence import Effects, Evidence
from services.dispatch.gate import Done
from services.dispatch.missing import incomplete
from services.dispatch.planner import Plan
from services.dispatch.port import Job, LookUp
from services.dispatch.recovery import Attempt
from services.dispatch.settling import EXPIRED, OF_TARGET, OPTED_OUT, OVERTAKEN
from services.dispatch.tables import doubted, mark, opt_out, outbox_rows
from services.dispatch.texts import Texts
from services.runtime import correlation
from services.runtime.clock import Clock
from services.runtime.doubts import Doubted, Doubts
from services.runtime.outbox import Outbox
from services.runtime.postgres import take_turns
from services.runtime.store import Store, insert_new
from services.runtime.verifier import Believed, NotTrustedError

log = get_logger(__name__)


@dataclass(frozen=True)
class Window:
    """What one gate transaction opened, and what it found."""

    jobs: list[Job]
    effects: Effects


#: A release of 500,000 people is 1,000 batches; more than a few such are never in doubt at once.
DOUBTS = Doubts(doubted, (Release, Stop, Batch), limit=5000)
#: Two that claim messages of a list at once could claim one for two deliveries; one that derives what is owed while
#: another one's take-backs are sent could owe them again. Processes that share the ledger take turns at either.
CLAIMS, OWED = "claims", "owed"


class Ledger:
    """One channel's ledger."""

    def __init__(self, store: Store, plan: Plan, clock: Clock, realm: Realm) -> None:
        """`store` is the ledger's database, shared by all processes of the account."""
        self._store, self.plan, self._clock, self._realm = store, plan, clock, realm
        self.outbox = Outbox(store, outbox_rows, clock, realm)
        self._texts = Texts()
        #: What this process knows without asking: read right before the first byte.
        self.marks: dict[str, int] = {}
        self.stopped: set[str] = set()
        #: Keys that were taken away: what they signed and is planned later does not start either.
        self.revoked: frozenset[str] = frozenset()

    async def load(self) -> None:
        """Read the marks that a restart must know; a ledger out of a backup begins to look for what it forgot."""
        if since := await self._store.transact(restored.begin, self._clock.now()):
            log.warning("ledger.restored", since=since.isoformat(), channel=self.plan.channel)
        rows = await self._store.transact(lambda c: c.execute(sa.select(mark.c.lineage, mark.c.ordinal)).all())
        self.marks = {row.lineage: row.ordinal for row in rows}

    # --- the planner's side ---

    async def release(self, believed: Believed, serial: int, margin: int, signed: datetime | None = None) -> int:
        """Plan a verified release; how many batches that had come before it are too wide (see `plan_release`).

        `signed` is when it cannot have been made before; None when nobody knows.
        """

        def work(connection: sa.Connection) -> int:
            restored.note(connection, believed.digest, "release", signed)
            return planner.plan_release(connection, self.plan, believed, serial, margin, self._clock.now())

        wide = await self._store.transact(work)
        await self._remember_mark(believed.broadcast.lineage)
        return wide

    async def withdraw(self, believed: Believed, serial: int, signed: datetime | None = None) -> None:
        """Plan a verified withdrawal; `signed` as in `release`."""

        def work(connection: sa.Connection) -> None:
            restored.note(connection, believed.digest, "withdraw", signed)
            planner.plan_withdrawal(connection, self.plan, believed, serial, self._clock.now())

        await self._store.transact(work)
        await self._remember_mark(believed.broadcast.lineage)

    async def _remember_mark(self, lineage: str) -> None:
        query = sa.select(mark.c.ordinal).where(mark.c.lineage == lineage)
        found = await self._store.transact(lambda c: c.execute(query).scalar())
        if found is not None:
            self.marks[lineage] = found

    async def pause(self, lineage: str, *, on: bool) -> None:
        """Pause or resume one lineage."""
        await self._store.transact(planner.plan_pause, lineage, on=on)

    async def batch(self, statement: BatchStatement, margin: int) -> None:
        """Plan a verified batch; NotTrustedError when it is of more people than its release's signers saw.

        Even then it is kept, for a new Release of the same digest may name the reach that it has.
        """

        def work(connection: sa.Connection) -> bool:
            now = self._clock.now()
            wide = planner.plan_batch(connection, self.plan, statement, margin, now)
            settling.revoke(connection, self.revoked, now)
            return wide

        if await self._store.transact(work):
            raise NotTrustedError("reach", "the batch is of a larger audience than the release's signers saw")

    async def revoke(self, revoked: frozenset[str]) -> int:
        """Suppress what revoked signers released and has not started; the number of rows."""
        self.revoked = revoked
        return await self._store.transact(settling.revoke, revoked, self._clock.now())

    async def gravest(self, before: Broadcast) -> Severity | None:
        """The gravest severity still live in the lineage of what was released before this: an Update needs its quorum.

        As approve counts it: what was withdrawn is not live, and what is newer does not count.
        """
        return await self._store.transact(planner.gravest, before, self._clock.now())

    async def doubt(self, record: Record) -> None:
        """Keep a record that a later trust bundle may make believable."""
        await self._store.transact(DOUBTS.keep, record, correlation.current(), self._clock.now())

    async def doubts(self) -> list[Doubted]:
        """What waits for a trust bundle."""
        return await self._store.transact(DOUBTS.all_of, self._clock.now())

    async def undoubt(self, record: Record) -> None:
        """A record was judged for good."""
        await self._store.transact(DOUBTS.forget, record)

    async def opt(self, target: str, *, out: bool) -> None:
        """Keep somebody's STOP, or forget it after their START."""
        now = self._clock.now()

        def write(connection: sa.Connection) -> None:
            if out:
                insert_new(connection, opt_out, [{"target": target, "at": now}])
                settling.settle_planned(connection, OPTED_OUT, now, OF_TARGET, target=target)
            else:
                connection.execute(sa.delete(opt_out).where(opt_out.c.target == target))

        (self.stopped.add if out else self.stopped.discard)(target)
        await self._store.transact(write)

    # --- the pump's side ---

    async def window(self, finished: Sequence[Done], slots: int) -> Window:
        """Commit `finished` and open up to `slots` intents, in one durable transaction."""
        return await self._store.transact(self._window, finished, slots, self._clock.now())

    def _window(self, connection: sa.Connection, finished: Sequence[Done], slots: int, now: datetime) -> Window:
        effects = Effects()
        gate.settle(connection, finished, now, effects)
        effects.overtaken = sum(self.marks.get(done.job.lineage, 0) > done.job.ordinal for done in finished)
        rows = gate.open_intents(connection, self.plan.channel, slots, now)
        effects.count(State.SENDING, None, len(rows))
        return Window([self._texts.intent(connection, row, now) for row in rows], effects)

    def job(self, connection: sa.Connection, row: Any) -> Job:  # noqa: ANN401 - a row of `delivery`
        """What to send for one row."""
        return self._texts.job(connection, row)

    # --- reports, receipts, doubt ---

    async def receipts(self, reports: Sequence[Receipt], reasons: dict[str, Reason]) -> Effects:
        """Apply a platform's delivery reports."""

        def work(connection: sa.Connection) -> Effects:
            effects = Effects()
            evidence.report(connection, reports, reasons, self._clock.now(), effects)
            return effects

        return await self._store.transact(work)

    async def doubtful(self) -> list[Job]:
        """The rows in doubt, as jobs."""
        return await self._store.transact(lambda c: [self.job(c, row) for row in recovery.doubtful(c)])

    async def recovered(self, seen: Mapping[Attempt, LookUp], patience_over: Collection[Attempt]) -> Effects:
        """Apply look-ups."""

        def work(connection: sa.Connection) -> Effects:
            effects = Effects()
            take_turns(connection, CLAIMS)
            recovery.settle(connection, seen, patience_over, self._clock.now(), effects)
            return effects

        return await self._store.transact(work)

    async def evidence(self, found: Sequence[Evidence], source: str, *, twins: bool = True) -> Effects:
        """Take platform ids from elsewhere (the nightly list, a person); `twins` as in `claims.shared`."""

        def work(connection: sa.Connection) -> Effects:
            effects = Effects()
            take_turns(connection, CLAIMS)
            mine = claims.shared(connection, found, twins=twins)
            evidence.accept(connection, mine, source, self._clock.now(), effects)
            return effects

        return await self._store.transact(work)

    # --- the sweep's side ---

    async def owe(self, last_arrival_s: float) -> taking_back.Owed:
        """Derive take-backs, deletions and corrections that are owed."""

        def work(connection: sa.Connection) -> taking_back.Owed:
            now = self._clock.now()
            take_turns(connection, OWED)
            owed = taking_back.derive(connection, self.plan, last_arrival_s, now)
            more = deletions.derive(connection, self.plan, now) + corrections.derive(connection, self.plan, now)
            settling.revoke(connection, self.revoked, now)
            return taking_back.Owed(owed.planned + more, owed.for_a_person)

        return await self._store.transact(work)

    async def doubt_restored(self) -> int:
        """Put in doubt what a ledger out of a backup may have forgotten to have sent; the number of rows."""
        return await self._store.transact(restored.doubt, self._clock.now())

    async def expire(self) -> Effects:
        """Settle planned rows that may not start any more."""

        def work(connection: sa.Connection) -> Effects:
            effects, now = Effects(), self._clock.now()
            if settling.anything_due(connection, now):
                for rule in (EXPIRED, OVERTAKEN, OPTED_OUT):
                    effects.count(rule.state, rule.reason, settling.settle_planned(connection, rule, now))
            return effects

        return await self._store.transact(work)

    async def report(self) -> int:
        """Write what changed to the outbox, up to one record's worth; the number of rows."""
        return await self._store.transact(
            reporting.report, self.outbox, self.plan.channel, self._realm, self._clock.now()
        )

    async def counts(self) -> Counter[str]:
        """Rows by state. It reads all that the ledger has ever had."""
        return await self._store.transact(counting.by_state)

    async def open_counts(self) -> Counter[str]:
        """Rows by state, of those that are not settled or that a person must look at."""
        return await self._store.transact(counting.open_by_state)

    async def counter(self, name: str) -> int:
        """One of the ledger's own counters; they survive a restart."""
        return await self._store.transact(counting.counter, name)

    async def braked(self) -> bool:
        """Whether the channel's brake is on."""
        return await self._store.transact(gate.braked, self.plan.channel)

    async def unresolved(self) -> list[str]:
        """Lineages with messages of which nobody knows whether they arrived."""
        return await self._store.transact(counting.unresolved)

    async def incomplete(self, older_than: datetime) -> set[tuple[str, str]]:
        """Releases older than this that miss batches, as (rule of the alarm, lineage); a public channel has none."""
        if self.plan.public:
            return set()
        return await self._store.transact(incomplete, older_than, self._clock.now())

    def may_start(self, job: Job) -> bool:
        """Whether this process knows of a reason not to send: a newer mark, or a STOP."""
        newer = job.kind not in TAKE_BACKS and self.marks.get(job.lineage, 0) > job.ordinal
        return not newer and job.target not in self.stopped
