"""Intake's tables: the bytes of every message by their hash, and the messages that have a place among others."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schemas.cap import CapAlert, MsgType
from services.cap.names import key_of
from services.intake.history import Filed, History, Line, Place
from services.intake.judge import others
from services.runtime import outbox
from services.runtime.postgres import take_turns
from services.runtime.store import Moment

METADATA = sa.MetaData()
OUTBOX = outbox.table(METADATA)

#: Everything that came, refused and held bytes too. `origin` is the record in Kafka that brought them last.
ORIGINALS = sa.Table(
    "originals",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("content_type", sa.String),
    sa.Column("origin", sa.String, nullable=False),
    sa.Column("received", Moment, nullable=False),
    sa.Column("place", sa.String, nullable=False),
    sa.Column("rule", sa.String),
)
MESSAGES = sa.Table(
    "messages",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("sender", sa.String, nullable=False),
    sa.Column("identifier", sa.String, nullable=False),
    sa.Column("sent", Moment, nullable=False),
    sa.Column("msg_type", sa.String, nullable=False),
    sa.Column("place", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False, unique=True),
    sa.Column("received", Moment, nullable=False),
    sa.Column("lineage", sa.String),
    sa.Column("version", sa.Integer),
    #: When a message that waits has waited long enough.
    sa.Column("deadline", Moment, index=True),
    sa.UniqueConstraint("sender", "identifier"),
    sa.UniqueConstraint("lineage", "version"),
)
CITATIONS = sa.Table(
    "citations",
    METADATA,
    sa.Column("citing", sa.String, primary_key=True),
    sa.Column("cited", sa.String, primary_key=True, index=True),
)
#: What is remembered of accepted messages, to know another like one of them.
SKETCHES = sa.Table(
    "sketches",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("received", Moment, nullable=False, index=True),
    sa.Column("sketch", sa.JSON, nullable=False),
)
#: Bytes that bore a signature by a key pinned to their sender.
PROVEN = sa.Table("proven", METADATA, sa.Column("digest", sa.String, primary_key=True))
#: When each publisher that promised a heartbeat was last heard.
BEATS = sa.Table(
    "beats",
    METADATA,
    sa.Column("publisher", sa.String, primary_key=True),
    sa.Column("seen", Moment, nullable=False),
    sa.Column("alarmed", sa.Boolean, nullable=False),
)
#: Real alerts that came to the drill, and when; the alarm of each stands (`services.intake.misplaced`).
MISPLACED = sa.Table(
    "misplaced",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("since", Moment, nullable=False),
)
#: Who has read which original bytes, and why. A nonce is good once.
READINGS = sa.Table(
    "readings",
    METADATA,
    sa.Column("nonce", sa.String, primary_key=True),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
_FILED = [column for column in MESSAGES.c if column.name != "deadline"]


@dataclass(frozen=True, slots=True)
class Original:
    """Bytes that came, and where they have ended up. `digest` is `sha256:` and 64 hexadecimal digits."""

    digest: str
    data: bytes
    content_type: str | None
    origin: str
    received: datetime
    place: Place
    rule: str | None = None


def lock(connection: sa.Connection) -> None:
    """Decisions about lineages are taken one after the other, also by several processes."""
    take_turns(connection, "lineages")


def original(connection: sa.Connection, digest: str) -> Original | None:
    """What came with this hash."""
    row = connection.execute(sa.select(ORIGINALS).where(ORIGINALS.c.digest == digest)).one_or_none()
    return None if row is None else Original(**{**row._asdict(), "place": Place(row.place)})


def keep(connection: sa.Connection, kept: Original) -> None:
    """Keep bytes and where they have ended up, in place of what was known of them."""
    connection.execute(sa.delete(ORIGINALS).where(ORIGINALS.c.digest == kept.digest))
    values = {name: getattr(kept, name) for name in ORIGINALS.c.keys()}  # noqa: SIM118 - a column collection, no dict
    connection.execute(sa.insert(ORIGINALS).values(values))


def file(connection: sa.Connection, alert: CapAlert, filed: Filed, deadline: datetime | None = None) -> None:
    """Give a message its place, in place of the one that it had; and note what it refers to."""
    connection.execute(sa.delete(MESSAGES).where(MESSAGES.c.key == filed.key))
    values = {column.name: getattr(filed, column.name) for column in _FILED}
    connection.execute(sa.insert(MESSAGES).values(**values, deadline=deadline))
    cite(connection, filed.key, others(alert))


def cite(connection: sa.Connection, citing: str, cited: tuple[str, ...]) -> None:
    """Note what a message refers to, in place of what was noted of it."""
    connection.execute(sa.delete(CITATIONS).where(CITATIONS.c.citing == citing))
    rows = [{"citing": citing, "cited": key} for key in set(cited)]
    if rows:
        connection.execute(sa.insert(CITATIONS), rows)


def replaced(connection: sa.Connection, digest: str) -> None:
    """Take the place of a copy away, and say so at its bytes."""
    unfile(connection, digest)
    connection.execute(sa.update(ORIGINALS).where(ORIGINALS.c.digest == digest).values(place=Place.REPLACED))


def prove(connection: sa.Connection, digest: str) -> None:
    """Note that these bytes were signed by a key pinned to their sender."""
    connection.execute(sa.delete(PROVEN).where(PROVEN.c.digest == digest))
    connection.execute(sa.insert(PROVEN).values(digest=digest))


def known_proven(connection: sa.Connection, digest: str) -> bool:
    """Whether that was noted."""
    return connection.execute(sa.select(PROVEN.c.digest).where(PROVEN.c.digest == digest)).first() is not None


def unfile(connection: sa.Connection, digest: str) -> None:
    """Take away the place of a message that is refused after all."""
    connection.execute(sa.delete(MESSAGES).where(MESSAGES.c.digest == digest))


def history(connection: sa.Connection, alert: CapAlert, digest: str) -> History:
    """All that the judge may know. A message that waits does not stand in its own way."""
    key = key_of(alert)
    same = sa.and_(MESSAGES.c.sender == alert.sender, MESSAGES.c.identifier == alert.identifier)
    named = _filed(connection, sa.and_(same, MESSAGES.c.digest != digest))
    citing = sa.select(CITATIONS.c.citing).where(CITATIONS.c.cited == key)
    referrer = _filed(connection, sa.and_(MESSAGES.c.key.in_(citing), MESSAGES.c.place == Place.ACCEPTED))
    related = others(alert)
    known = sa.and_(MESSAGES.c.key.in_(related), MESSAGES.c.place != Place.WAITING)
    parents = tuple(_filed(connection, known)) if related else ()
    relatives = (*parents, *referrer[:1], *named[:1])
    lines = {lineage: _line(connection, lineage) for lineage in {one.lineage for one in relatives} if lineage}
    return History(
        named=next(iter(named), None), named_proven=bool(named) and known_proven(connection, named[0].digest),
        referrer=next(iter(referrer), None), parents=parents,
        lines={lineage: line for lineage, line in lines.items() if line},
    )  # fmt: skip


def _filed(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Filed]:
    rows = connection.execute(sa.select(*_FILED).where(where).order_by(MESSAGES.c.sent.desc())).all()
    return [_filed_of(row) for row in rows]


def _filed_of(row: sa.Row[Any]) -> Filed:
    values = row._asdict()
    return Filed(**{**values, "place": Place(values["place"]), "msg_type": MsgType(values["msg_type"])})


def _line(connection: sa.Connection, lineage: str) -> Line | None:
    members = _filed(connection, sa.and_(MESSAGES.c.lineage == lineage, MESSAGES.c.place == Place.ACCEPTED))
    if not members:
        return None
    cancelled = any(one.msg_type is MsgType.CANCEL for one in members)
    return Line(last=max(one.version or 0 for one in members), newest=members[0], cancelled=cancelled)


def waiting_for(connection: sa.Connection, key: str) -> Iterator[Original]:
    """What waits and refers to this message, by `sent`, one at a time: each may have five megabytes."""
    citing = sa.select(CITATIONS.c.citing).where(CITATIONS.c.cited == key)
    waiting = sa.select(MESSAGES.c.digest).where(MESSAGES.c.key.in_(citing), MESSAGES.c.place == Place.WAITING)
    for digest in connection.execute(waiting.order_by(MESSAGES.c.sent)).scalars().all():
        found = original(connection, digest)
        if found is not None and found.place is Place.WAITING:
            yield found


def due(connection: sa.Connection, now: datetime) -> Original | None:
    """The first that has waited long enough, by `sent`."""
    waiting = sa.select(MESSAGES.c.digest).where(MESSAGES.c.deadline <= now, MESSAGES.c.place == Place.WAITING)
    digest = connection.execute(waiting.order_by(MESSAGES.c.sent).limit(1)).scalar()
    return None if digest is None else original(connection, digest)


def waiting_count(connection: sa.Connection) -> int:
    """How many messages wait for the one that they refer to."""
    counted = sa.select(sa.func.count()).select_from(MESSAGES).where(MESSAGES.c.place == Place.WAITING)
    return connection.execute(counted).scalar_one()
