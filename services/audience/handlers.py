"""Audience's doorway: one call for each record."""

from collections.abc import Callable

from structlog.stdlib import get_logger

from schemas.alert import Alert
from schemas.audience import Reply
from schemas.broadcast import Broadcast
from schemas.release import Release, Stop
from schemas.trust import Bundle, Revocation
from services.audience.service import Audience
from services.runtime.decoding import Envelope
from services.runtime.keeper import Keeper
from services.runtime.trusted import NotTrustedError

log = get_logger(__name__)


class Handlers:
    """Decoded records in, one method of the service each."""

    def __init__(self, service: Audience, keeper: Keeper, refused: Callable[[str], None]) -> None:
        """`refused` counts what the verifier said no to."""
        self._service, self._keeper, self._refused = service, keeper, refused

    async def accepted(self, record: Alert, envelope: Envelope) -> None:
        """`alerts.accepted`."""
        del envelope
        await self._service.accepted(record)

    async def composed(self, record: Broadcast, envelope: Envelope) -> None:
        """`broadcasts.composed`: the bytes count, for the digest is over them."""
        del record
        await self._service.composed(envelope.value or b"", envelope.correlation)

    async def released(self, record: Release, envelope: Envelope) -> None:
        """`broadcasts.released`."""
        await self._service.released(record, envelope.correlation)

    async def stopped(self, record: Stop, envelope: Envelope) -> None:
        """`broadcasts.stopped`."""
        await self._service.stopped(record, envelope.correlation)

    async def replied(self, record: Reply, envelope: Envelope) -> None:
        """`replies`."""
        del envelope
        await self._service.replied(record)

    async def trust(self, record: Bundle | Revocation, envelope: Envelope) -> None:
        """`trust`."""
        del envelope
        try:
            if isinstance(record, Bundle):
                self._keeper.take_bundle(record)
            else:
                self._keeper.take_revocation(record)
        except NotTrustedError as error:
            self._refused(error.rule)
            log.warning("trust.not_believed", rule=error.rule, says=str(error))
