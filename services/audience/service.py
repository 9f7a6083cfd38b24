"""What audience does with each record: remember it in one transaction; the worker does the rest."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from structlog.stdlib import get_logger

from schemas.alert import Alert
from schemas.audience import Reply
from schemas.release import Release, Stop
from schemas.words import DecisionWord, Realm, ReplyWord
from services.audience import store as rows
from services.audience import tables
from services.audience.geometry import kept_of
from services.audience.metrics import AudienceMetrics, Outcome
from services.audience.wanted import wanted_of
from services.cap.areas import areas_of, geometry_hash
from services.runtime import trust, verifier
from services.runtime.clock import Clock
from services.runtime.doubts import CURED_BY_A_BUNDLE, Doubted, Doubts
from services.runtime.store import Store, insert_new
from services.runtime.trusted import NotTrustedError, Trust

log = get_logger(__name__)
SOURCE = "reply"
#: What waits for a bundle. Two hundred releases are more than a room that works will ever doubt.
DOUBTS = Doubts(tables.doubted, (Release, Stop), limit=200)


class WrongRealmError(Exception):
    """A record of the other realm stands on this realm's topic: somebody's settings are mixed up."""


class OptOuts(Protocol):
    """What this room tells the phonebook."""

    def opt_out(self, who: str, source: str, at: datetime) -> bool:
        """Note a STOP."""
        ...

    def opt_in(self, who: str, source: str, at: datetime) -> bool:
        """Note a START."""
        ...


class Audience:
    """One method for each kind of record. A record handled twice changes nothing."""

    def __init__(
        self, *, realm: Realm, store: Store, book: OptOuts, clock: Clock, trusted: Callable[[], Trust],
        metrics: AudienceMetrics, refused: Callable[[str], None], wake: Callable[[], None],
    ) -> None:  # fmt: skip
        """`trusted` raises NotTrustedError while there is no bundle; `refused` counts a rule; `wake` the worker."""
        self._realm, self._store, self._book, self._clock = realm, store, book, clock
        self._trusted, self._metrics, self._refused, self._wake = trusted, metrics, refused, wake

    async def accepted(self, alert: Alert) -> None:
        """Keep the alert's geometry by its hash."""
        self._check(alert.realm)
        digest = geometry_hash(areas_of(alert.cap))
        if digest is not None:
            row = {"digest": digest, "areas": kept_of(alert), "at": self._clock.now()}
            await self._store.transact(insert_new, tables.geometry, [row])

    async def composed(self, value: bytes, correlation: str) -> None:
        """Owe an estimate for a Broadcast, given as its canonical bytes; NotTrustedError when it is none."""
        digest, now = trust.digest_of(value), self._clock.now()
        wanted = wanted_of(verifier.broadcast_of(value.decode("utf-8", "replace"), digest, self._realm), digest)
        await self._store.transact(rows.keep_broadcast, wanted, correlation, now, estimate=True)
        self._wake()

    async def released(self, record: Release, correlation: str) -> bool:
        """Select people for a release that can be believed; whether it is."""
        now = self._clock.now()
        try:
            believed = verifier.release(record, self._trusted(), self._realm, now)
        except NotTrustedError as error:
            await self._doubt(record, correlation, error)
            return False
        wanted = wanted_of(believed.broadcast, believed.digest)

        def keep(connection: sa.Connection) -> None:
            rows.keep_broadcast(connection, wanted, correlation, now, estimate=False)
            rows.keep_release(connection, wanted, believed.reach, believed.ends, now)

        await self._store.transact(keep)
        self._wake()
        return True

    async def stopped(self, record: Stop, correlation: str) -> bool:
        """Write no further batch of a digest whose withdrawal can be believed; whether it is."""
        now = self._clock.now()
        try:
            believed = verifier.stop(record, self._trusted(), self._realm, now)
        except NotTrustedError as error:
            await self._doubt(record, correlation, error)
            return False
        withdraws = record.decision.statement.decision is DecisionWord.WITHDRAW
        if withdraws and await self._store.transact(rows.withdraw, believed.digest, now):
            self._metrics.selections.labels(Outcome.STOPPED.value).inc()
        return True

    async def replied(self, reply: Reply) -> None:
        """Note a STOP or START in the phonebook."""
        self._check(reply.realm)
        if reply.word is ReplyWord.STOP:
            await asyncio.to_thread(self._book.opt_out, reply.subscriber, SOURCE, reply.at)
        elif reply.word is ReplyWord.START:
            await asyncio.to_thread(self._book.opt_in, reply.subscriber, SOURCE, reply.at)
        self._metrics.replies.labels(reply.word.value).inc()

    async def watch(self, changed: asyncio.Event) -> None:
        """At the start, and whenever the trust bundle changes: judge once more what could not be believed."""
        while True:
            for doubted in await self._store.transact(DOUBTS.all_of, self._clock.now()):
                if await self._judge(doubted):
                    await self._store.transact(DOUBTS.forget, doubted.record)
            await changed.wait()
            changed.clear()

    async def _judge(self, doubted: Doubted) -> bool:
        """Whether there is no doubt about it any more."""
        match doubted.record:
            case Stop() as record:
                return await self.stopped(record, doubted.correlation)
            case Release() as release:
                return await self._released_after_all(release, doubted.correlation)
        return True

    async def _released_after_all(self, record: Release, correlation: str) -> bool:
        try:
            return await self.released(record, correlation)
        except rows.SecondDigestError:
            log.exception("audience.second_digest", lineage=record.lineage)
            return True

    async def _doubt(self, record: Release | Stop, correlation: str, error: NotTrustedError) -> None:
        self._refuse(error)
        if error.rule in CURED_BY_A_BUNDLE:
            await self._store.transact(DOUBTS.keep, record, correlation, self._clock.now())

    def _refuse(self, error: NotTrustedError) -> None:
        self._refused(error.rule)
        log.warning("audience.not_believed", rule=error.rule, says=str(error))

    def _check(self, realm: Realm) -> None:
        if realm is not self._realm:
            raise WrongRealmError(f"a record of {realm} stands on a topic of {self._realm}")
