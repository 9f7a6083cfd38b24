"""Whether a message is about something that another sender's message is already about: the same event in one place.

Two agencies, or one agency by two ways, often warn of one thing. A person says whether people hear of it twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.cap import CapAlert
from services.intake.findings import Remark
from services.intake.gazetteer import Box
from services.intake.geometry import Ground


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is remembered of an accepted message to know another like it. Boxes are in degrees."""

    key: str
    sender: str
    identifier: str
    lineage: str
    events: frozenset[str]
    codes: frozenset[str]
    boxes: tuple[Box, ...]

    def is_like(self, other: "Sketch") -> bool:
        """The same event, and a code or a patch of ground in common."""
        if self.sender == other.sender or self.lineage == other.lineage or not self.events & other.events:
            return False
        return bool(self.codes & other.codes) or any(one.meets(two) for one in self.boxes for two in other.boxes)


def sketch_of(alert: CapAlert, ground: Ground, *, key: str, lineage: str) -> Sketch:
    """What is remembered of a message."""
    events = {info.event.casefold().strip() for info in alert.info}
    events.update(f"{code.value_name}={code.value}" for info in alert.info for code in info.event_code)
    codes = {f"{code.value_name}={code.value}" for shapes in ground.shapes for code in shapes.area.geocode}
    boxes = [box for shapes in ground.shapes for box in shapes.boxes()]
    return Sketch(key, alert.sender, alert.identifier, lineage, frozenset(events), frozenset(codes), tuple(boxes[:50]))


def looks_like(sketch: Sketch, others: Iterable[Sketch]) -> list[Remark]:
    """A finding that names the message that it looks like, nothing where it looks like none."""
    other = next((one for one in others if sketch.is_like(one)), None)
    if other is None:
        return []
    says = f"looks like {other.identifier} of {other.sender}: the same event in the same place"
    return [Remark("looks-like", says, "event", expected="a person to say whether people hear of it twice")]
