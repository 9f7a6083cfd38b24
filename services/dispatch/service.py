"""What a record means for a dispatcher: verified first, then planned. Nothing here talks to a platform."""

from collections.abc import Callable, Mapping

from structlog.stdlib import get_logger

from schemas.audience import Batch, BatchStatement, Reply
from schemas.delivery import Receipt, Receipts
from schemas.release import Release, Stop
from schemas.trust import Bundle, Revocation
from schemas.words import Channel, DecisionWord, Kind, Realm, Reason, ReplyWord
from services.dispatch.alarms import Alarms
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Wake
from services.runtime import verifier
from services.runtime.clock import Clock
from services.runtime.keeper import Keeper
from services.runtime.metrics import RoomMetrics
from services.runtime.verifier import NotTrustedError

log = get_logger(__name__)
ReasonOf = Callable[[Receipt], Reason]


class Dispatch:
    """The decisions of one dispatcher. What is not believed is refused and counted, never parked, never sent."""

    def __init__(
        self,
        *,
        channel: Channel,
        realm: Realm,
        ledger: Ledger,
        keeper: Keeper,
        clock: Clock,
        metrics: DispatchMetrics,
        room_metrics: RoomMetrics,
        alarms: Alarms,
        wake: Wake,
        reason_of: ReasonOf,
    ) -> None:
        """`wake` tells the pump that there may be work; `reason_of` names why a platform gave up on a message."""
        self._channel, self._realm, self._ledger, self._keeper = channel, realm, ledger, keeper
        self._clock, self._metrics, self._room_metrics, self._alarms = clock, metrics, room_metrics, alarms
        self._wake, self._reason_of = wake, reason_of

    async def release(self, record: Release) -> None:
        """Verify a release again, against the bundle on this disk, and plan it."""
        try:
            needed = await self._ledger.gravest(record.lineage, record.digest)
            believed = verifier.release(record, self._keeper.trust, self._realm, self._clock.now(), needed)
        except NotTrustedError as error:
            return self._refused("release", error, record.lineage)
        await self._ledger.release(believed, self._keeper.serial)
        self._metrics.planned.labels(record_kind(believed.broadcast.kind)).inc()
        self._wake()
        return None

    async def stop(self, record: Stop) -> None:
        """A withdrawal, a pause or a resume, straight from whoever signed it."""
        try:
            believed = verifier.stop(record, self._keeper.trust, self._realm, self._clock.now())
        except NotTrustedError as error:
            return self._refused("stop", error, record.lineage)
        lineage = believed.broadcast.lineage
        match record.decision.statement.decision:
            case DecisionWord.PAUSE:
                await self._ledger.pause(lineage, on=True)
            case DecisionWord.RESUME:
                await self._ledger.pause(lineage, on=False)
            case _:
                await self._ledger.withdraw(believed, self._keeper.serial)
                self._metrics.planned.labels(Kind.WITHDRAWAL.value).inc()
        self._wake()
        return None

    async def batch(self, record: Batch) -> None:
        """Verify a batch and plan its texts, within the reach that the release's signers saw."""
        statement = record.statement
        try:
            verifier.batch(record, self._keeper.trust, self._realm)
            self._must_fit(statement, await self._ledger.reach_of(statement.digest))
        except NotTrustedError as error:
            return self._refused("batch", error, record.lineage)
        await self._ledger.batch(statement)
        self._wake()
        return None

    def _must_fit(self, statement: BatchStatement, reach: int | None) -> None:
        if statement.channel is not self._channel:
            raise NotTrustedError("other_digest", "the batch is for another channel")
        margin = self._keeper.trust.policy.reach_margin_percent
        if reach is not None and statement.reach * 100 > reach * (100 + margin):
            raise NotTrustedError("quorum", "the batch is of a larger audience than its signers saw")

    async def receipts(self, record: Receipts) -> None:
        """Apply delivery reports: they settle doubt by themselves."""
        if record.channel is not self._channel:
            return
        failed = [report for report in record.reports if report.status in {"undelivered", "failed"}]
        reasons: Mapping[str, Reason] = {report.delivery: self._reason_of(report) for report in failed}
        effects = await self._ledger.receipts(record.reports, dict(reasons))
        self._metrics.take(effects)
        await self._alarms.take(effects)
        if effects.moved:
            self._wake()

    async def reply(self, record: Reply) -> None:
        """Keep a STOP in the ledger, so that even a row that is planned already does not start."""
        if record.channel is self._channel and record.word in {ReplyWord.STOP, ReplyWord.START}:
            await self._ledger.opt(record.subscriber, out=record.word is ReplyWord.STOP)

    async def trust(self, record: Bundle | Revocation) -> None:
        """A newer bundle, or a key taken away; what a revoked signer released and has not started does not start."""
        try:
            if isinstance(record, Bundle):
                self._keeper.take_bundle(record)
            else:
                self._keeper.take_revocation(record)
                await self._ledger.revoke(self._keeper.trust.revoked)
        except NotTrustedError as error:
            self._refused("trust", error, None)
        self._room_metrics.bundle_serial.set(self._keeper.serial)

    def _refused(self, what: str, error: NotTrustedError, lineage: str | None) -> None:
        log.warning("not_trusted", what=what, rule=error.rule, says=str(error), lineage=lineage)
        self._room_metrics.refused.labels(error.rule).inc()


def record_kind(kind: str) -> str:
    """The delivery kind that a Broadcast's kind plans."""
    return Kind(kind).value
