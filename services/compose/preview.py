"""What would be composed of an alert, without Kafka or a store: for the command line and for authors of guidance."""

from datetime import datetime

from schemas.alert import Alert
from schemas.broadcast import Broadcast
from services.compose import library
from services.compose.composer import Before, compose
from services.compose.settings import ComposeSettings
from services.compose.subject import Stopped
from services.compose.wishes import NONE, Wishes

__all__ = ["Stopped", "preview"]


def preview(
    alert: Alert, settings: ComposeSettings, now: datetime, *, wishes: Wishes = NONE, cancelled: Broadcast | None = None
) -> Broadcast:  # fmt: skip
    """The Broadcast of its first revision. Stopped with the findings that would hold it, DataError for wrong data.

    `cancelled` is what a Cancel takes back, where there is one to show.
    """
    return compose(alert, library.read(settings), settings, now, wishes=wishes, before=Before(cancelled=cancelled))
