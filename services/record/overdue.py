"""Objectives that are missed while nothing is measured: a stage that is past its bound, and not there.

A histogram sees what has come; an alert of which nothing ever came would stand in no share.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from schemas.base import second_text
from schemas.words import PUBLIC_CHANNELS, BroadcastKind, DecisionWord
from services.record import latency, reading, tables
from services.record.latency import Stage

#: The objectives, in seconds; deploy/prometheus/objectives.yml has the same.
BOUNDS: Mapping[Stage, int] = {Stage.FIRST_POST: 600, Stage.DELIVERED_95: 1800, Stage.CORRECTED: 600}
#: As far back as the shares of objectives.yml look.
WINDOW = timedelta(days=7)
Alert = Literal["standing", "ended"]
ALERTS: tuple[Alert, ...] = ("standing", "ended")


def overdue(connection: sa.Connection, now: datetime) -> Counter[tuple[Stage, Alert]]:
    """Released Broadcasts of the last week by the stage that they lack past its bound, and by whether they stand."""
    found: Counter[tuple[Stage, Alert]] = Counter()
    for stage in BOUNDS:
        judge = _wrong_too_long if stage is Stage.CORRECTED else _late
        for row in connection.execute(_unmeasured(stage, now)).all():
            late = judge(connection, row, stage, now)
            if late is not None:
                found[stage, late] += 1
    return found


def _unmeasured(stage: Stage, now: datetime) -> "sa.Select[Any]":
    """Released Broadcasts of the last week for which this stage has not been told."""
    b, o, r = tables.broadcast.c, tables.observed.c, tables.release.c
    return sa.select(tables.broadcast).where(
        b.received >= second_text(now - WINDOW),
        b.kind != BroadcastKind.CANCEL.value,
        sa.exists().where(r.digest == b.digest, r.rule.is_(None)),
        ~sa.exists().where(o.digest == b.digest, o.stage == stage.value),
    )


def _late(connection: sa.Connection, found: "sa.Row[Any]", stage: Stage, now: datetime) -> Alert | None:
    """Whether it should be out, and is not; what ended within its bound had no time to be."""
    due = datetime.fromisoformat(found.received) + timedelta(seconds=BOUNDS[stage])
    if due > now or not _is_for_somebody(connection, found):
        return None
    over = _over(connection, found)
    if over <= due or latency.seconds(connection, found, stage) is not None:
        return None
    return "standing" if over > now else "ended"


def _wrong_too_long(connection: sa.Connection, found: "sa.Row[Any]", stage: Stage, now: datetime) -> Alert | None:
    known = latency.known_wrong(connection, found)
    if known is None or datetime.fromisoformat(known) + timedelta(seconds=BOUNDS[stage]) > now:
        return None
    return "standing" if latency.stands(connection, found) else None


def _is_for_somebody(connection: sa.Connection, found: "sa.Row[Any]") -> bool:
    """A post is for everybody; a text for those whom the estimate found, and for somebody where none has come."""
    channels = {rendition["channel"] for rendition in json.loads(found.canonical)["renditions"]}
    if channels & {channel.value for channel in PUBLIC_CHANNELS}:
        return True
    people = connection.scalar(sa.select(tables.estimate.c.people).where(tables.estimate.c.digest == found.digest))
    return bool(channels) and people != 0


def _over(connection: sa.Connection, found: "sa.Row[Any]") -> datetime:
    """When it ended, or will: by its hour, taken back, or overtaken by a later one."""
    ends = [found.expires]
    ends += [said.at for said in reading.stops(connection, found.digest) if said.word is DecisionWord.WITHDRAW]
    for later in reading.broadcasts(connection, found.lineage):
        if (later.version, later.revision) > (found.version, found.revision):
            ends.append(reading.released_at(connection, later.digest))
    return min(datetime.fromisoformat(at) for at in ends if at is not None)
