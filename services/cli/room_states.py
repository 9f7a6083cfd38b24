"""How far the rooms that run are, each replica for itself: which bundle it works by, and what it has not read yet."""

import asyncio
from dataclasses import dataclass

from services.cli.context import Context
from services.cli.sight import asking
from services.cli.sight.asking import Answer

#: Rooms that keep a trust bundle. What others say or do hangs on nobody's key.
BELIEVERS = ("intake", "compose", "approve", "audience", "dispatch/x", "dispatch/sms", "record")
#: Topics on which what engines sign travels.
SIGNED = ("broadcasts.released", "batches.sms.urgent", "batches.sms.routine")
#: What a room says of a topic that it has not begun to read: its lag is nothing then, and means nothing.
_IDLE = "no partitions assigned yet"
_SERIAL, _UNREAD = "tocsin_trust_bundle_serial", "tocsin_consumer_lag_records"


@dataclass(frozen=True)
class Behind:
    """A room that is not as far as it should be, in words."""

    room: str
    says: str

    def __str__(self) -> str:
        """For a list in a sentence."""
        return f"{self.room} {self.says}"


class States:
    """One look at every replica of the rooms that keep a bundle. `silent` are those of which nothing is known."""

    def __init__(self, answers: dict[str, list[Answer]]) -> None:
        """Of what each replica answered, by room."""
        self._answers = [(room, each) for room in BELIEVERS for each in answers[room]]

    @property
    def silent(self) -> list[Behind]:
        """Rooms of which a replica does not answer: by which bundle it works, and what it has read, nobody can say."""
        return [Behind(room, "does not answer") for room, each in self._answers if not each.samples]

    def by_older_bundle(self, serial: int) -> list[Behind]:
        """Rooms that verify and work by an older bundle than `serial`."""
        return [Behind(room, f"works by bundle {value:g}") for room, value in self._serials() if 0 < value < serial]

    @property
    def without_bundle(self) -> list[Behind]:
        """Rooms that believe nobody yet."""
        return [Behind(room, "has no trust bundle") for room, value in self._serials() if not value]

    @property
    def with_unread(self) -> list[Behind]:
        """Rooms that have not read everything that engines may have signed."""
        found = ((room, _sum(each, _UNREAD, *SIGNED)) for room, each in self._answers)
        idle = [Behind(room, f"says: {said}") for room, each in self._answers for said in each.missing if _IDLE in said]
        return [Behind(room, f"has {value:g} records to read") for room, value in found if not value <= 0] + idle

    def _serials(self) -> list[tuple[str, float]]:
        return [(room, _sum(each, _SERIAL)) for room, each in self._answers if each.samples]


def look(context: Context) -> States:
    """Ask every replica whose door is known."""
    return States(asyncio.run(asking.look_at_each(context)))


def _sum(answer: Answer, name: str, *topics: str) -> float:
    return sum(s.value for s in answer.samples if s.name == name and (not topics or s.labels["topic"] in topics))
