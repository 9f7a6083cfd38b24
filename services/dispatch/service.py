"""What a record means for a dispatcher: verified first, then planned. Nothing here talks to a platform."""

import asyncio
from collections.abc import Callable, Mapping

from structlog.stdlib import get_logger

from schemas.audience import Batch, Reply
from schemas.delivery import Receipt, Receipts
from schemas.release import Release, Stop
from schemas.trust import Bundle, Revocation
from schemas.words import BroadcastKind, Channel, DecisionWord, Kind, Realm, Reason, ReplyWord
from services.dispatch import fictional, planner, restored
from services.dispatch.alarms import Alarms
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Wake
from services.runtime import correlation, verifier
from services.runtime.clock import Clock
from services.runtime.doubts import CURED_BY_A_BUNDLE
from services.runtime.keeper import Keeper
from services.runtime.metrics import RoomMetrics
from services.runtime.verifier import NotTrustedError

log = get_logger(__name__)
ReasonOf = Callable[[Receipt], Reason]
Signed = Release | Stop | Batch
TOO_WIDE = "a batch that came before its release is of a larger audience than the signers saw"


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
        follow: Wake,
        reason_of: ReasonOf,
        sandbox: bool,
    ) -> None:
        """`wake` tells the pump that there may be work, `follow` the sweep that there may be something to take back.

        `reason_of` names why a platform gave up on a message; `sandbox` is whether the account reaches nobody.
        """
        self._channel, self._realm, self._ledger, self._keeper = channel, realm, ledger, keeper
        self._clock, self._metrics, self._room_metrics, self._alarms = clock, metrics, room_metrics, alarms
        self._wake, self._follow, self._reason_of, self._sandbox = wake, follow, reason_of, sandbox
        if keeper.serial:
            ledger.revoked = keeper.trust.revoked

    async def release(self, record: Release) -> None:
        """Believe a release and plan it, or refuse and count it."""
        await self._take(record)

    async def stop(self, record: Stop) -> None:
        """Believe a withdrawal, a pause or a resume and plan it, or refuse and count it.

        A release that has overtaken it was held against what it takes back, and is judged once more.
        """
        if await self._take(record):
            await self.judge_again(record.lineage)

    async def batch(self, record: Batch) -> None:
        """Believe a batch and plan its texts, within the reach that was signed; or refuse and count it."""
        await self._take(record)

    async def _take(self, record: Signed) -> bool:
        """Whether it is believed. What a trust bundle that is on its way may make believable is kept until then."""
        error = await self._judge(record)
        if error is not None and error.rule in CURED_BY_A_BUNDLE:
            await self._ledger.doubt(record)
        return error is None

    async def _judge(self, record: Signed) -> NotTrustedError | None:
        try:
            match record:
                case Release():
                    await self._release(record)
                case Stop():
                    await self._stop(record)
                case Batch():
                    verifier.batch(record, self._keeper.trust, self._realm)
                    await self._ledger.batch(record.statement, self._margin)
        except NotTrustedError as error:
            self._refused(record.schema_name, error, record.lineage)
            return error
        self._wake()
        return None

    async def _release(self, record: Release) -> None:
        """Verify a release again, against the bundle on this disk, and plan it."""
        found = verifier.broadcast_of(record.broadcast, record.digest, self._realm)
        if not self._sandbox:
            fictional.must_be_real(found)
        needed = await self._ledger.gravest(found)
        believed = verifier.release(record, self._keeper.trust, self._realm, self._clock.now(), needed)
        signed = restored.signed_at(believed.broadcast.received, record.decisions)
        wide = await self._ledger.release(believed, self._keeper.serial, self._margin, signed)
        for _ in range(wide):
            self._refused("batch", NotTrustedError("reach", TOO_WIDE), record.lineage)
        self._metrics.planned[Kind(believed.broadcast.kind)].inc()
        if believed.broadcast.kind is BroadcastKind.CANCEL:
            self._follow()

    async def _stop(self, record: Stop) -> None:
        """A withdrawal, a pause or a resume, straight from whoever signed it."""
        believed = verifier.stop(record, self._keeper.trust, self._realm, self._clock.now())
        lineage = believed.broadcast.lineage
        match record.decision.statement.decision:
            case DecisionWord.PAUSE:
                await self._ledger.pause(lineage, on=True)
            case DecisionWord.RESUME:
                await self._ledger.pause(lineage, on=False)
            case _:
                if not self._sandbox:
                    believed = fictional.without_its_words(believed)
                await self._ledger.withdraw(believed, self._keeper.serial, record.decision.statement.issued)
                self._metrics.planned[Kind.WITHDRAWAL].inc()
                self._follow()

    async def judge_at_start(self) -> None:
        """A background work that has little to do: the bundle may have come while this process was away."""
        await self.judge_again()
        await asyncio.Event().wait()

    async def judge_again(self, lineage: str | None = None) -> None:
        """Trust has changed, this process has started, or this lineage has: judge what waited for that once more.

        Stops first: what they take back is no measure for a release any more.
        """
        waiting = await self._ledger.doubts()
        for doubted in sorted(waiting, key=lambda each: not isinstance(each.record, Stop)):
            record = doubted.record
            if not isinstance(record, Release | Stop | Batch) or lineage not in {None, record.lineage}:
                continue
            try:
                with correlation.bound(doubted.correlation):
                    error = await self._judge(record)
            except planner.SecondDigestError as second:
                log.warning("second_digest", says=str(second), lineage=record.lineage)
                error = None
            if error is None or error.rule not in CURED_BY_A_BUNDLE:
                await self._ledger.undoubt(record)

    @property
    def _margin(self) -> int:
        """By how many per cent a batch may be wider than what the signers of its release saw."""
        return self._keeper.trust.policy.reach_margin_percent

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
            self._keeper.take(record)
        except NotTrustedError as error:
            self._refused("trust", error, None)
        if self._keeper.serial:  # a bundle may have brought the administrator of a revocation that came before it
            await self._ledger.revoke(self._keeper.trust.revoked)
        await self.judge_again()
        self._room_metrics.bundle_serial.set(self._keeper.serial)

    def _refused(self, what: str, error: NotTrustedError, lineage: str | None) -> None:
        log.warning("not_trusted", what=what, rule=error.rule, says=str(error), lineage=lineage)
        self._room_metrics.refused.labels(error.rule).inc()
