"""The private JSON, for staff and the command line: functions of a connection that give what is sent."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.record import alarms as open_alarms
from services.record import latency, reading, tables
from services.record.standing import standing
from services.record.timeline import What

Json = dict[str, Any]


def alerts(connection: sa.Connection, now: datetime, limit: int, before: str | None) -> Json:
    """Lineages by their newest version, newest first; `next` is the `before` of the next page."""
    a = tables.alert.c
    newest = sa.select(a.lineage, sa.func.max(a.version).label("version")).group_by(a.lineage).subquery()
    query = sa.select(tables.alert).join(
        newest, sa.and_(a.lineage == newest.c.lineage, a.version == newest.c.version)
    )  # fmt: skip
    if before is not None:
        moment, _, lineage = before.partition("|")
        query = query.where(sa.tuple_(a.received, a.lineage) < sa.tuple_(sa.literal(moment), sa.literal(lineage)))
    rows = connection.execute(query.order_by(a.received.desc(), a.lineage.desc()).limit(limit)).all()
    more = f"{rows[-1].received}|{rows[-1].lineage}" if len(rows) == limit else None
    return {"alerts": [dict(row._mapping) | _where(connection, row.lineage, now) for row in rows], "next": more}  # noqa: SLF001 - SQLAlchemy's public name


def alert(connection: sa.Connection, lineage: str, now: datetime) -> Json | None:
    """Everything about one lineage."""
    if reading.newest(connection, lineage) is None:
        return None
    released = reading.newest_released(connection, lineage)
    kinds = counts(connection, lineage)
    return {
        "lineage": lineage,
        **_where(connection, lineage, now),
        "deliveries": {channel: _sum(of_kind) for channel, of_kind in kinds.items()},
        "kinds": kinds,
        "correlation": reading.correlations(connection, lineage),
        "released": _named(released) if released else None,
        "versions": [_named(row) | _version(connection, row, now) for row in reading.broadcasts(connection, lineage)],
        "timeline": timeline(connection, lineage),
    }


def _where(connection: sa.Connection, lineage: str, now: datetime) -> Json:
    found = reading.newest(connection, lineage)
    if found is None:
        return {}
    state = standing(found.facts, now)
    return {"version": found.version, "revision": found.revision, "digest": found.digest, "state": state.value}


def _named(row: "sa.Row[Any]") -> Json:
    return {"version": row.version, "revision": row.revision, "digest": row.digest}


def _version(connection: sa.Connection, row: "sa.Row[Any]", now: datetime) -> Json:
    return {
        "kind": row.kind,
        "state": standing(reading.facts_of(connection, row), now).value,
        "severity": row.severity,
        "expires": row.expires,
        "approval": _of_digest(connection, tables.approval, row.digest),
        "withheld": _of_digest(connection, tables.withheld, row.digest),
        "estimate": _of_digest(connection, tables.estimate, row.digest),
        "seconds": latency.stages(connection, row),
    }


def _of_digest(connection: sa.Connection, table: sa.Table, digest: str) -> Json | None:
    found = connection.execute(sa.select(table).where(table.c.digest == digest)).mappings().one_or_none()
    same = {"digest", "lineage", "version", "revision"}
    return {name: value for name, value in found.items() if name not in same} if found else None


def counts(connection: sa.Connection, lineage: str) -> dict[str, dict[str, dict[str, int]]]:
    """Messages by channel, kind and state."""
    d = tables.delivery.c
    query = sa.select(d.channel, d.kind, d.state, sa.func.count()).where(d.lineage == lineage)
    found: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for channel, kind, state, number in connection.execute(query.group_by(d.channel, d.kind, d.state)):
        found[channel][kind][state] = number
    return found


def _sum(of_kind: dict[str, dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for states in of_kind.values():
        for state, number in states.items():
            total[state] += number
    return total


def timeline(connection: sa.Connection, lineage: str) -> list[Json]:
    """What happened, oldest first."""
    e = tables.event.c
    query = sa.select(e.at, e.what, e.version, e.revision, e.digest, e.says).where(e.lineage == lineage)
    return [dict(row) for row in connection.execute(query.order_by(e.at, e.id)).mappings()]


def broadcast(connection: sa.Connection, lineage: str) -> Json | None:
    """The newest released Broadcast, as it was signed: enough to take it back when nothing else runs."""
    found = reading.newest_released(connection, lineage)
    return _named(found) | {"lineage": lineage, "broadcast": found.canonical} if found else None


def deliveries(connection: sa.Connection, lineage: str, wanted: dict[str, str], limit: int, after: str) -> Json:
    """Messages of one lineage by id; `wanted` narrows by state, channel or kind."""
    d = tables.delivery.c
    query = sa.select(tables.delivery).where(d.lineage == lineage, d.id > after)
    for name, value in wanted.items():
        query = query.where(d[name] == value)
    rows = [dict(row) for row in connection.execute(query.order_by(d.id).limit(limit)).mappings()]
    return {"deliveries": rows, "next": rows[-1]["id"] if len(rows) == limit else None}


def alarms(connection: sa.Connection, now: datetime) -> Json:
    """What is wrong now, newest first; `about` names it where it is no alert."""
    a = tables.alarm
    rows = connection.execute(sa.select(a).where(open_alarms.is_open(now)).order_by(a.c.since.desc())).mappings()
    return {"alarms": [dict(row) | ({"lineage": ""} if row["about"] else {}) for row in rows]}


def refusals(connection: sa.Connection, limit: int) -> Json:
    """What was refused, newest first. Its state is `refused`, and stays so."""
    r = tables.refusal
    rows = connection.execute(sa.select(r).order_by(r.c.received.desc()).limit(limit)).mappings()
    return {"refusals": [dict(row) | {"state": "refused"} for row in rows]}


def readings(connection: sa.Connection, limit: int) -> Json:
    """Who has read original bytes, newest first."""
    e = tables.event.c
    query = sa.select(e.at, e.digest, e.lineage, e.says).where(e.what == What.BYTES_READ).order_by(e.at.desc())
    return {"readings": [dict(row) for row in connection.execute(query.limit(limit)).mappings()]}


def parked(connection: sa.Connection, limit: int) -> Json:
    """What waits for a person, newest first."""
    p = tables.parked
    rows = connection.execute(sa.select(p).where(p.c.did.is_(None)).order_by(p.c.at.desc()).limit(limit)).mappings()
    return {"parked": [dict(row) for row in rows]}


def latencies(connection: sa.Connection, limit: int) -> Json:
    """The stages of the Broadcasts released last, in seconds (`latency.Stage`)."""
    b, r = tables.broadcast, tables.release.c
    first = sa.select(r.digest, sa.func.min(r.at).label("at")).where(r.rule.is_(None)).group_by(r.digest).subquery()
    query = sa.select(b).join(first, b.c.digest == first.c.digest).order_by(first.c.at.desc()).limit(limit)
    rows = connection.execute(query).all()
    return {
        "latency": [
            _named(row) | {"lineage": row.lineage, "kind": row.kind, "seconds": latency.stages(connection, row)}
            for row in rows
        ]
    }
