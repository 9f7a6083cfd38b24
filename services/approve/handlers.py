"""The doorways: one transaction for each record, then the relay is woken and what was done is counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec

import sqlalchemy as sa

from schemas.audience import AudienceEstimate
from schemas.broadcast import Broadcast, Held
from schemas.decision import Decision
from schemas.release import Stop
from schemas.trust import Bundle, Revocation
from services.approve.metrics import ApproveMetrics
from services.approve.outcomes import Outcome
from services.approve.service import Approver
from services.runtime.decoding import Envelope
from services.runtime.keeper import Keeper
from services.runtime.outbox import Outbox
from services.runtime.store import Store
from services.runtime.trusted import NotTrustedError

P = ParamSpec("P")


class Handlers:
    """What is not believed is refused and counted here; whatever else a transaction raises is parked by the room."""

    def __init__(
        self, *, store: Store, outbox: Outbox, approver: Approver, keeper: Keeper, metrics: ApproveMetrics
    ) -> None:
        """Wire them."""
        self._store, self._outbox, self._approver = store, outbox, approver
        self._keeper, self._metrics = keeper, metrics

    async def do(
        self, work: Callable[Concatenate[sa.Connection, P], list[Outcome]], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """One transaction of the approver's."""
        outcomes = await self._store.transact(work, *args, **kwargs)
        self._outbox.wake()
        self._metrics.count(outcomes)

    @contextmanager
    def _refusing(self, lineage: str) -> Iterator[None]:
        try:
            yield
        except NotTrustedError as error:
            self._metrics.refuse(error.rule, lineage)

    async def composed(self, record: Broadcast, envelope: Envelope) -> None:
        """The bytes are what is signed, so the bytes go in; a Broadcast that is none is parked."""
        del record
        await self.do(self._approver.composed, envelope.value or b"", envelope.correlation)

    async def decided(self, record: Decision, envelope: Envelope) -> None:
        """A person's word."""
        del envelope
        await self.do(self._approver.decided, record)

    async def estimated(self, record: AudienceEstimate, envelope: Envelope) -> None:
        """How many people it would reach."""
        del envelope
        with self._refusing(record.lineage):
            await self.do(self._approver.estimated, record)

    async def stopped(self, record: Stop, envelope: Envelope) -> None:
        """A withdrawal, straight from whoever signed it."""
        del envelope
        with self._refusing(record.lineage):
            await self.do(self._approver.stopped, record)

    async def held(self, record: Held, envelope: Envelope) -> None:
        """An alert that a person must help to compose."""
        with self._refusing(record.lineage):
            await self.do(self._approver.held, record, envelope.correlation)

    async def trust(self, record: Bundle | Revocation, envelope: Envelope) -> None:
        """Who may sign has changed."""
        del envelope
        with self._refusing(""):
            self._keeper.take(record)
        await self.do(self._approver.trust_changed)
