"""What the rooms have said: intake of each message, compose and approve of each version, and what was told last."""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from schemas.words import AnswerState, Realm
from services.agency.message import Heard
from services.agency.standing import Standing
from services.agency.store import METADATA
from services.runtime.store import Moment

MESSAGES = sa.Table(
    "messages",
    METADATA,
    sa.Column("realm", sa.String, primary_key=True),
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("publisher", sa.String, nullable=False),
    sa.Column("received", Moment, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("says", sa.String, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("identifier", sa.String),
    sa.Column("sender", sa.String),
    sa.Column("sent", Moment),
    sa.Column("status", sa.String),
    sa.Column("lineage", sa.String),
    sa.Column("version", sa.Integer),
    #: What its publisher was told last; a record that is read twice is told once.
    sa.Column("told", sa.JSON),
    sa.Index("messages_version", "lineage", "version"),
)
STANDINGS = sa.Table(
    "standings",
    METADATA,
    sa.Column("realm", sa.String, primary_key=True),
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("says", sa.String, nullable=False),
    sa.Column("why", sa.String),
    sa.Column("findings", sa.JSON, nullable=False),
)


def _is(realm: Realm, source: str) -> sa.ColumnElement[bool]:
    return sa.and_(MESSAGES.c.realm == realm.value, MESSAGES.c.source == source)


def keep_heard(connection: sa.Connection, heard: Heard) -> None:
    """Keep intake's word, in place of an earlier one about the same bytes."""
    before = told(connection, heard)
    connection.execute(sa.delete(MESSAGES).where(_is(heard.realm, heard.source)))
    values = {**asdict(heard), "realm": heard.realm.value, "state": heard.state.value}
    connection.execute(sa.insert(MESSAGES).values({**values, "findings": list(heard.findings), "told": before}))


def told(connection: sa.Connection, heard: Heard) -> dict[str, Any] | None:
    """What the publisher of these bytes was told last."""
    found = connection.execute(sa.select(MESSAGES.c.told).where(_is(heard.realm, heard.source))).scalar()
    return None if found is None else dict(found)


def keep_told(connection: sa.Connection, heard: Heard, words: dict[str, Any]) -> None:
    """Note what it is told now."""
    connection.execute(sa.update(MESSAGES).where(_is(heard.realm, heard.source)).values(told=words))


def of_version(connection: sa.Connection, realm: Realm, lineage: str, version: int) -> Heard | None:
    """The message that is this version, where intake's word has come."""
    where = sa.and_(
        MESSAGES.c.realm == realm.value, MESSAGES.c.lineage == lineage, MESSAGES.c.version == version
    )  # fmt: skip
    row = connection.execute(sa.select(MESSAGES).where(where).limit(1)).one_or_none()
    if row is None:
        return None
    values = {name: value for name, value in row._asdict().items() if name != "told"}
    exact = {"realm": Realm(row.realm), "state": AnswerState(row.state), "findings": tuple(row.findings)}
    return Heard(**values | exact)


def standing(connection: sa.Connection, realm: Realm, lineage: str | None, version: int | None) -> Standing | None:
    """The latest word about a version after intake's."""
    row = connection.execute(sa.select(STANDINGS).where(_of(realm, lineage, version))).one_or_none()
    if row is None:
        return None
    return Standing(AnswerState(row.state), row.at, row.says, row.why, tuple(row.findings))


def keep_standing(connection: sa.Connection, realm: Realm, lineage: str, version: int, word: Standing) -> bool:
    """Keep it if it is the latest; whether it is."""
    if not word.follows(standing(connection, realm, lineage, version)):
        return False
    connection.execute(sa.delete(STANDINGS).where(_of(realm, lineage, version)))
    values = {**asdict(word), "state": word.state.value, "findings": list(word.findings)}
    change = sa.insert(STANDINGS).values(realm=realm.value, lineage=lineage, version=version, **values)
    connection.execute(change)
    return True


def _of(realm: Realm, lineage: str | None, version: int | None) -> sa.ColumnElement[bool]:
    table = STANDINGS.c
    return sa.and_(table.realm == realm.value, table.lineage == lineage, table.version == version)
