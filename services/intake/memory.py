"""What intake remembers beside the messages' places: what they were about, and who was heard when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from services.intake.gazetteer import Box
from services.intake.likeness import Sketch
from services.intake.store import BEATS, SKETCHES


def keep_sketch(connection: sa.Connection, sketch: Sketch, received: datetime) -> None:
    """Remember what a message is about."""
    connection.execute(sa.delete(SKETCHES).where(SKETCHES.c.key == sketch.key))
    parts = {
        "sender": sketch.sender, "identifier": sketch.identifier, "lineage": sketch.lineage,
        "events": sorted(sketch.events), "codes": sorted(sketch.codes),
        "boxes": [[box.south, box.west, box.north, box.east] for box in sketch.boxes],
    }  # fmt: skip
    connection.execute(sa.insert(SKETCHES).values(key=sketch.key, received=received, sketch=parts))


def sketches(connection: sa.Connection, since: datetime, sender: str) -> Iterator[Sketch]:
    """What messages of others than `sender` received since then are about, newest first."""
    others = SKETCHES.c.sketch["sender"].as_string() != sender
    recent = sa.select(SKETCHES).where(SKETCHES.c.received >= since, others).order_by(SKETCHES.c.received.desc())
    for row in connection.execute(recent).all():
        parts = row.sketch
        yield Sketch(
            row.key, parts["sender"], parts["identifier"], parts["lineage"], frozenset(parts["events"]),
            frozenset(parts["codes"]), tuple(Box(*box) for box in parts["boxes"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beat:
    """When a publisher was last heard, and whether its silence is an alarm already."""

    seen: datetime
    alarmed: bool


def beat(connection: sa.Connection, publisher: str) -> Beat | None:
    """What is known of a publisher's heartbeat."""
    row = connection.execute(sa.select(BEATS.c.seen, BEATS.c.alarmed).where(BEATS.c.publisher == publisher)).first()
    return None if row is None else Beat(row.seen, row.alarmed)


def keep_beat(connection: sa.Connection, publisher: str, seen: datetime, *, alarmed: bool) -> None:
    """Note a heartbeat, or that it is missed."""
    connection.execute(sa.delete(BEATS).where(BEATS.c.publisher == publisher))
    connection.execute(sa.insert(BEATS).values(publisher=publisher, seen=seen, alarmed=alarmed))
