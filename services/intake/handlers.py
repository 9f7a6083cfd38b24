"""The doorway: raw bytes as agencies sent them, to one call."""

from services.intake.filing import Parcel
from services.intake.service import Intake
from services.runtime.decoding import CONTENT_TYPE_HEADER, Envelope


class Handlers:
    """What intake subscribes to."""

    def __init__(self, intake: Intake) -> None:
        """Hand everything to `intake`."""
        self._intake = intake

    async def incoming(self, record: bytes, envelope: Envelope) -> None:
        """`alerts.incoming`: whatever it is, it gets an answer."""
        headers = dict(envelope.headers)
        content_type = headers.get(CONTENT_TYPE_HEADER)
        await self._intake.take(Parcel(record, envelope.origin, content_type, envelope.key or b"", headers))
