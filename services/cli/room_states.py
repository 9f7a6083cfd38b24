"""How far the rooms that run are: which bundle they work by, and what they have not read yet."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from services.cli.context import Context
from services.cli.sight import asking

#: Topics on which what engines sign travels.
SIGNED = ("broadcasts.released", "batches.sms.urgent", "batches.sms.routine")


@dataclass(frozen=True)
class Behind:
    """A room that is not as far as it should be, in words."""

    room: str
    says: str

    def __str__(self) -> str:
        """For a list in a sentence."""
        return f"{self.room} {self.says}"


def by_older_bundle(context: Context, serial: int) -> list[Behind]:
    """Rooms that verify and work by an older bundle than `serial`."""
    found = _sums(context, "tocsin_trust_bundle_serial")
    return [Behind(room, f"works by bundle {value:g}") for room, value in found if 0 < value < serial]


def with_unread(context: Context) -> list[Behind]:
    """Rooms that have not read everything that engines may have signed."""
    found = _sums(context, "tocsin_consumer_lag_records", *SIGNED)
    return [Behind(room, f"has {value:g} records to read") for room, value in found if value > 0]


def _sums(context: Context, name: str, *topics: str) -> Iterator[tuple[str, float]]:
    for room, answer in asyncio.run(asking.look(context)).answers.items():
        values = (s.value for s in answer.samples if s.name == name and (not topics or s.labels["topic"] in topics))
        yield room, sum(values)
