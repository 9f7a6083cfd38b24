"""Compose's tables: the alerts as accepted, what was composed of each, what people asked for, what waits for them."""

from dataclasses import dataclass

import sqlalchemy as sa

from schemas.alert import Alert
from schemas.broadcast import Broadcast, Held
from schemas.decision import RecomposeStatement
from schemas.release import Withheld
from services.runtime import correlation, outbox, trust
from services.runtime.postgres import take_turns

METADATA = sa.MetaData()
OUTBOX = outbox.table(METADATA)

ALERTS = sa.Table(
    "alerts",
    METADATA,
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("alert", sa.LargeBinary, nullable=False),
    #: A Held record while a person must help, null once a Broadcast was made.
    sa.Column("held", sa.LargeBinary),
    sa.Column("correlation", sa.String, nullable=False, server_default=""),
)
#: `canonical` are the very bytes that were published and that people sign. `withheld` is why they never went out.
BROADCASTS = sa.Table(
    "broadcasts",
    METADATA,
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False, unique=True),
    sa.Column("canonical", sa.LargeBinary, nullable=False),
    sa.Column("withheld", sa.String),
)
WISHES = sa.Table(
    "wishes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("nonce", sa.String, nullable=False, unique=True),
    sa.Column("lineage", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("statement", sa.LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class Composed:
    """One stored Broadcast: its bytes, and whether it was withheld."""

    canonical: bytes
    withheld: str | None

    @property
    def broadcast(self) -> Broadcast:
        """The Broadcast in the bytes."""
        return Broadcast.model_validate_json(self.canonical)


@dataclass(frozen=True)
class Kept:
    """One stored alert, and the Held that waits for a person, if one does."""

    source: str
    alert: Alert
    held: Held | None
    correlation: str


def lock(connection: sa.Connection) -> None:
    """Take turns: two processes must not make one revision. SQLite does so by itself."""
    take_turns(connection, "lineages")


def alert(connection: sa.Connection, lineage: str, version: int) -> Kept | None:
    """One alert as it was accepted."""
    where = sa.and_(ALERTS.c.lineage == lineage, ALERTS.c.version == version)
    row = connection.execute(sa.select(ALERTS).where(where)).one_or_none()
    if row is None:
        return None
    held = None if row.held is None else Held.model_validate_json(row.held)
    return Kept(row.source, Alert.model_validate_json(row.alert), held, row.correlation)


def newest_version(connection: sa.Connection, lineage: str) -> int:
    """The highest version of a lineage, 0 where there is none."""
    found = connection.execute(sa.select(sa.func.max(ALERTS.c.version)).where(ALERTS.c.lineage == lineage)).scalar()
    return int(found or 0)


def keep_alert(connection: sa.Connection, kept: Alert) -> None:
    """Keep a new alert."""
    data = kept.model_dump_json(by_alias=True, exclude_none=True).encode()
    values = {"lineage": kept.lineage, "version": kept.version, "source": kept.source, "alert": data}
    values["correlation"] = correlation.current()
    connection.execute(sa.insert(ALERTS).values(values))


def keep_held(connection: sa.Connection, of: Alert, held: Held | None) -> None:
    """Note that a person must help, or no longer."""
    data = None if held is None else held.model_dump_json(exclude_none=True).encode()
    where = sa.and_(ALERTS.c.lineage == of.lineage, ALERTS.c.version == of.version)
    connection.execute(sa.update(ALERTS).where(where).values(held=data))


def keep_broadcast(connection: sa.Connection, broadcast: Broadcast) -> bytes:
    """Keep a new Broadcast; the canonical bytes that are its digest."""
    canonical = trust.canonical(broadcast)
    values = {
        "lineage": broadcast.lineage, "version": broadcast.version, "revision": broadcast.revision,
        "kind": broadcast.kind.value, "digest": trust.digest_of(canonical), "canonical": canonical,
    }  # fmt: skip
    connection.execute(sa.insert(BROADCASTS).values(values))
    return canonical


def broadcasts(connection: sa.Connection, lineage: str, version: int | None = None) -> list[Composed]:
    """What was composed of a lineage, or of one of its versions, oldest first."""
    where = BROADCASTS.c.lineage == lineage
    if version is not None:
        where = sa.and_(where, BROADCASTS.c.version == version)
    order = (BROADCASTS.c.version, BROADCASTS.c.revision)
    rows = connection.execute(sa.select(BROADCASTS).where(where).order_by(*order)).all()
    return [Composed(row.canonical, row.withheld) for row in rows]


def keep_wish(connection: sa.Connection, statement: RecomposeStatement) -> bool:
    """Keep a person's wish; False where it was kept before."""
    known = connection.execute(sa.select(WISHES.c.id).where(WISHES.c.nonce == statement.nonce)).first()
    if known is not None:
        return False
    data = statement.model_dump_json().encode()
    values = {"nonce": statement.nonce, "lineage": statement.lineage, "version": statement.version, "statement": data}
    connection.execute(sa.insert(WISHES).values(values))
    return True


def wishes(connection: sa.Connection, lineage: str, version: int) -> list[RecomposeStatement]:
    """All wishes for one version, oldest first."""
    where = sa.and_(WISHES.c.lineage == lineage, WISHES.c.version == version)
    rows = connection.execute(sa.select(WISHES.c.statement).where(where).order_by(WISHES.c.id)).scalars()
    return [RecomposeStatement.model_validate_json(row) for row in rows]


def withhold(connection: sa.Connection, record: Withheld) -> None:
    """Note that a Broadcast never went out."""
    where = BROADCASTS.c.digest == record.digest
    connection.execute(sa.update(BROADCASTS).where(where).values(withheld=record.reason.value))
