"""What the projection knows of one lineage: queries, each a function of a connection."""

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from schemas.words import BroadcastKind, DecisionWord
from services.record import tables
from services.record.standing import Facts


class Said(NamedTuple):
    """What a person said of a released Broadcast, and when."""

    word: DecisionWord
    at: str


class Newest(NamedTuple):
    """The newest version of a lineage, and its newest Broadcast where there is one."""

    version: int
    revision: int | None
    digest: str | None
    facts: Facts


def newest(connection: sa.Connection, lineage: str) -> Newest | None:
    """Where a lineage is; None when nothing is known of it."""
    versions = [
        connection.scalar(sa.select(sa.func.max(table.c.version)).where(table.c.lineage == lineage))
        for table in (tables.alert, tables.broadcast, tables.held)
    ]
    known = [version for version in versions if version is not None]
    if not known:
        return None
    version = max(known)
    found = newest_broadcast(connection, lineage, version)
    if found is None:
        return _without_texts(connection, lineage, version)
    return Newest(version, found.revision, found.digest, facts_of(connection, found))


def _without_texts(connection: sa.Connection, lineage: str, version: int) -> Newest:
    """A version that is not composed, or could not be; then its digest is what a person signs who ends it."""
    held, w = tables.held, tables.withheld.c
    row = connection.execute(sa.select(held).where(held.c.lineage == lineage, held.c.version == version)).one_or_none()
    if row is None:
        return Newest(version, None, None, Facts())
    ended = sa.and_(w.lineage == lineage, w.version == version, w.at >= row.held)
    return Newest(version, None, row.digest, Facts(held=True, withheld=_is_there(connection, tables.withheld, ended)))


def newest_broadcast(connection: sa.Connection, lineage: str, version: int) -> "sa.Row[Any] | None":
    """The newest revision of one version."""
    table = tables.broadcast
    query = sa.select(table).where(table.c.lineage == lineage, table.c.version == version)
    return connection.execute(query.order_by(table.c.revision.desc()).limit(1)).one_or_none()


def facts_of(connection: sa.Connection, found: "sa.Row[Any]") -> Facts:
    """What standing is judged by."""
    digest = found.digest
    return Facts(
        composed=True,
        kind=BroadcastKind(found.kind),
        expires=datetime.fromisoformat(found.expires),
        asked=_is_there(connection, tables.approval, tables.approval.c.digest == digest),
        withheld=_is_there(connection, tables.withheld, tables.withheld.c.digest == digest),
        released=released_at(connection, digest) is not None,
        stops=tuple(said.word for said in stops(connection, digest)),
    )


def released_at(connection: sa.Connection, digest: str) -> str | None:
    """When a digest was first released, by a release that is believed."""
    table = tables.release
    query = sa.select(sa.func.min(table.c.at)).where(table.c.digest == digest, table.c.rule.is_(None))
    return moment(connection, query)


def stops(connection: sa.Connection, digest: str) -> list[Said]:
    """The believed withdrawals, pauses and resumes of a digest, oldest first."""
    table = tables.stop
    query = sa.select(table.c.word, table.c.at).where(table.c.digest == digest, table.c.rule.is_(None))
    return [Said(DecisionWord(row.word), row.at) for row in connection.execute(query.order_by(table.c.at))]


def moment(connection: sa.Connection, query: "sa.Select[Any]") -> str | None:
    """The one moment that `query` asks for."""
    found: str | None = connection.scalar(query)
    return found


def broadcasts(connection: sa.Connection, lineage: str) -> "list[sa.Row[Any]]":
    """Every Broadcast of a lineage, newest version and revision first."""
    table = tables.broadcast
    query = sa.select(table).where(table.c.lineage == lineage)
    return list(connection.execute(query.order_by(table.c.version.desc(), table.c.revision.desc())).all())


def correlations(connection: sa.Connection, lineage: str) -> dict[str, str]:
    """What each version follows through all rooms: the place of the agency's record in Kafka."""
    a = tables.alert.c
    query = sa.select(a.version, a.correlation).where(a.lineage == lineage, a.correlation != "").order_by(a.version)
    return {str(version): place for version, place in connection.execute(query)}


def newest_released(connection: sa.Connection, lineage: str) -> "sa.Row[Any] | None":
    """The newest Broadcast of a lineage that was released."""
    return next((row for row in broadcasts(connection, lineage) if released_at(connection, row.digest)), None)


def is_in_force(connection: sa.Connection, digest: str, now: datetime) -> bool:
    """Whether a released Broadcast still speaks: it has not ended, and was neither taken back nor overtaken."""
    b = tables.broadcast
    found = connection.execute(sa.select(b.c.lineage, b.c.expires).where(b.c.digest == digest)).one_or_none()
    if found is None or datetime.fromisoformat(found.expires) <= now:
        return False
    if any(said.word is DecisionWord.WITHDRAW for said in stops(connection, digest)):
        return False
    newest_one = newest_released(connection, found.lineage)
    return newest_one is None or newest_one.digest == digest


def _is_there(connection: sa.Connection, table: sa.Table, condition: "sa.ColumnElement[bool]") -> bool:
    return connection.execute(sa.select(sa.literal(1)).select_from(table).where(condition).limit(1)).first() is not None
