"""How long each stage took, in seconds: from receipt to the last person, and from "it was wrong" to all corrected."""

import math
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from schemas.words import PUBLIC_CHANNELS, BroadcastKind, DecisionWord, Kind, State
from services.record import reading, tables
from services.record.timeline import What

SHARE = 0.95
OWN = (Kind.ALERT, Kind.UPDATE, Kind.CORRECTION)
#: Deliveries that were never to arrive: they do not count among those of whom 95 % must have it.
NOT_MEANT = (State.SUPPRESSED.value, State.SUPERSEDED.value)
MOVING = (State.PLANNED.value, State.SENDING.value)
STANDS = (State.SENT.value, State.DELIVERED.value, State.UNRESOLVED.value)
TAKEN_BACK = (State.WITHDRAWN.value, State.CORRECTED.value)


class Stage(StrEnum):
    """Each is measured from the moment the alert was received, `corrected` from the moment it was known to be wrong."""

    ACCEPTED = "accepted"
    COMPOSED = "composed"
    RELEASED = "released"
    FIRST_POST = "first_post"
    DELIVERED_95 = "delivered_95"
    CORRECTED = "corrected"


def arrival() -> "sa.ColumnElement[str | None]":
    """When a message was there: a post once it is accepted, a text once the carrier reports it delivered."""
    d = tables.delivery.c
    public = d.channel.in_([channel.value for channel in PUBLIC_CHANNELS])
    return sa.case((public, d.sent_at), else_=d.delivered_at)


def stages(connection: sa.Connection, found: "sa.Row[Any]") -> dict[Stage, float | None]:
    """Every stage of one Broadcast; None for what has not happened."""
    return {stage: seconds(connection, found, stage) for stage in Stage}


def seconds(connection: sa.Connection, found: "sa.Row[Any]", stage: Stage) -> float | None:
    """One stage of one Broadcast; None while it has not happened."""
    end = _ENDS[stage](connection, found)
    if end is None:
        return None
    start = known_wrong(connection, found) if stage is Stage.CORRECTED else _received(connection, found)
    if start is None:
        return None
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 3)


def is_moving(connection: sa.Connection, lineage: str) -> bool:
    """Whether messages of this lineage are still on their way out."""
    d = tables.delivery.c
    query = sa.select(sa.literal(1)).where(d.lineage == lineage, d.state.in_(MOVING)).limit(1)
    return connection.execute(query).first() is not None


def _of(found: "sa.Row[Any]") -> "tuple[sa.ColumnElement[bool], ...]":
    """Its own messages, without those that take it back: they carry the same digest."""
    d = tables.delivery.c
    own = (Kind.CANCEL,) if found.kind == BroadcastKind.CANCEL.value else OWN
    return d.lineage == found.lineage, d.digest == found.digest, d.kind.in_([kind.value for kind in own])


def _of_alert(connection: sa.Connection, found: "sa.Row[Any]", column: "sa.ColumnElement[Any]") -> str | None:
    alert = tables.alert.c
    query = sa.select(column).where(alert.lineage == found.lineage, alert.version == found.version)
    return reading.moment(connection, query)


def _received(connection: sa.Connection, found: "sa.Row[Any]") -> str:
    """To the millisecond where the alert is known; a Broadcast writes whole seconds."""
    received: str = _of_alert(connection, found, tables.alert.c.received) or found.received
    return received


def _composed(connection: sa.Connection, digest: str) -> str | None:
    e = tables.event.c
    query = sa.select(sa.func.min(e.at)).where(e.digest == digest, e.what == What.COMPOSED.value)
    return reading.moment(connection, query)


def _first(connection: sa.Connection, found: "sa.Row[Any]") -> str | None:
    return reading.moment(connection, sa.select(sa.func.min(tables.delivery.c.sent_at)).where(*_of(found)))


def _share(connection: sa.Connection, found: "sa.Row[Any]") -> str | None:
    """When 95 of 100 had it, of those that were to get it as far as is known now."""
    meant = tables.delivery.c.state.not_in(NOT_MEANT)
    number = connection.scalar(sa.select(sa.func.count()).where(*_of(found), meant)) or 0
    if number == 0:
        return None
    there = arrival()
    query = sa.select(there).where(*_of(found), there.is_not(None)).order_by(there)
    return reading.moment(connection, query.offset(math.ceil(SHARE * number) - 1).limit(1))


def known_wrong(connection: sa.Connection, found: "sa.Row[Any]") -> str | None:
    """When somebody said that it is wrong: a withdrawal signed, a Cancel received, or a correction composed."""
    said = [stop.at for stop in reading.stops(connection, found.digest) if stop.word is DecisionWord.WITHDRAW]
    for later in reading.broadcasts(connection, found.lineage):
        if (later.version, later.revision) <= (found.version, found.revision):
            break
        if not reading.released_at(connection, later.digest):
            continue
        if later.kind == BroadcastKind.CANCEL.value and later.version > found.version:
            said.append(_received(connection, later))
        elif later.version == found.version:
            said.append(_composed(connection, later.digest) or later.composed)
    return min(said, default=None)


def _all_corrected(connection: sa.Connection, found: "sa.Row[Any]") -> str | None:
    """When the last target that had it was told; None while one still stands, or nobody had it."""
    if stands(connection, found):
        return None
    d = tables.delivery.c
    return reading.moment(connection, sa.select(sa.func.max(d.at)).where(*_of(found), d.state.in_(TAKEN_BACK)))


def stands(connection: sa.Connection, found: "sa.Row[Any]") -> bool:
    """Whether any message of this Broadcast is still with somebody, as far as is known."""
    standing = sa.select(sa.literal(1)).where(*_of(found), tables.delivery.c.state.in_(STANDS)).limit(1)
    return connection.execute(standing).first() is not None


_ENDS: dict[Stage, Callable[[sa.Connection, "sa.Row[Any]"], str | None]] = {
    Stage.ACCEPTED: lambda connection, found: _of_alert(connection, found, tables.alert.c.accepted),
    Stage.COMPOSED: lambda connection, found: _composed(connection, found.digest),
    Stage.RELEASED: lambda connection, found: reading.released_at(connection, found.digest),
    Stage.FIRST_POST: _first,
    Stage.DELIVERED_95: _share,
    Stage.CORRECTED: _all_corrected,
}
