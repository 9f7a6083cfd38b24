"""What reading gives: the alert with notes, or an error that its sender can act on.

Neither a note nor an error ever carries text of the message: only CAP's element names, places and what is expected.
A refused message may hold a patient's name, and no topic, log or answer ever does.
"""

from dataclasses import dataclass
from typing import Literal

from schemas.cap import CapAlert
from services.cap.signature import Signature

Form = Literal["xml", "json"]

#: Largest message in bytes. The largest real one seen has 1,737,170.
SIZE_LIMIT = 5 * 1024 * 1024
#: Most points in all polygons and circles together. The largest real message has 110,392.
POINT_LIMIT = 500_000


class CapError(Exception):
    """These bytes are no readable CAP message. `rule` is a short name, `expected` what would be right."""

    def __init__(
        self, rule: str, says: str, *, element: str | None = None, expected: str | None = None, line: int | None = None
    ) -> None:
        where = f" (line {line})" if line else ""
        cure = f" Expected: {expected}." if expected else ""
        super().__init__(f"{says}{where}.{cure}")
        self.rule = rule
        self.says = f"{says}{where}"
        self.element = element
        self.expected = expected
        self.line = line


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was read although CAP says otherwise. Whether it matters is for a gate to say."""

    rule: str
    says: str
    element: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One message as it was read."""

    alert: CapAlert
    form: Form
    notes: tuple[Note, ...] = ()
    #: Every signature that the message carries, checked. Where one is intact, `alert` is what it covers.
    signatures: tuple[Signature, ...] = ()
