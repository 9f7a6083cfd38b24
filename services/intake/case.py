"""What a rule may look at: one message, the moment, and who it is said to come from. Nothing of other messages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from schemas.cap import CapAlert
from services.cap.reading import Reading
from services.intake.findings import Remark
from services.intake.geometry import Ground, ground_of
from services.place.publishers import Publisher, Register


@dataclass
class Case:
    """One message to judge as of `now`. `register` is None where the message alone is judged."""

    reading: Reading
    now: datetime
    register: Register | None = None
    #: Everything older than this when it arrives is stale; None where age is not asked.
    stale_after_s: float | None = field(default=None)

    @property
    def alert(self) -> CapAlert:
        """The message."""
        return self.reading.alert

    @property
    def publisher(self) -> Publisher | None:
        """Whose sender id it bears, where that is registered."""
        return None if self.register is None else self.register.of(self.alert.sender)

    @cached_property
    def ground(self) -> Ground:
        """Its areas as numbers, read once."""
        return ground_of(self.alert)


Rule = Callable[[Case], Iterator[Remark]]
