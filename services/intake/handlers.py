"""The doorway: raw bytes as agencies sent them, to one call."""

from collections.abc import Callable

from schemas.trust import Bundle, Revocation
from services.intake.filing import Parcel
from services.intake.service import Intake
from services.runtime.decoding import CONTENT_TYPE_HEADER, Envelope
from services.runtime.keeper import Keeper
from services.runtime.trusted import NotTrustedError


class Handlers:
    """What intake subscribes to."""

    def __init__(self, intake: Intake, keeper: Keeper, on_refused: Callable[[str], None]) -> None:
        """Messages go to `intake`; `on_refused` counts the rules by which a bundle was not believed."""
        self._intake, self._keeper, self._on_refused = intake, keeper, on_refused

    async def incoming(self, record: bytes, envelope: Envelope) -> None:
        """`alerts.incoming`: whatever it is, it gets an answer."""
        headers = dict(envelope.headers)
        content_type = headers.get(CONTENT_TYPE_HEADER)
        await self._intake.take(Parcel(record, envelope.origin, content_type, envelope.key or b"", headers))

    async def trust(self, record: Bundle | Revocation, _envelope: Envelope) -> None:
        """`trust`: who may read original bytes."""
        try:
            self._keeper.take(record)
        except NotTrustedError as error:
            self._on_refused(error.rule)
