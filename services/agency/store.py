"""What each agency posted, by the hash of the bytes, and what intake said of it. The bytes themselves are intake's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.runtime import outbox
from services.runtime.store import Moment

METADATA = sa.MetaData()
OUTBOX = outbox.table(METADATA)
POSTS = sa.Table(
    "posts",
    METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("agency", sa.String, primary_key=True),
    sa.Column("received", Moment, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Post:
    """One posted message. `state` is sent, accepted, held or refused; `answer` is what intake said."""

    source: str
    agency: str
    received: datetime
    state: str
    answer: dict[str, Any]


def find(connection: sa.Connection, source: str, agency: str) -> Post | None:
    """What this agency posted with this hash."""
    row = connection.execute(sa.select(POSTS).where(POSTS.c.source == source, POSTS.c.agency == agency)).one_or_none()
    return None if row is None else Post(**row._asdict())


def add(connection: sa.Connection, post: Post) -> None:
    """Note a post, in place of an earlier one of the same bytes."""
    connection.execute(sa.delete(POSTS).where(POSTS.c.source == post.source, POSTS.c.agency == post.agency))
    values = {name: getattr(post, name) for name in POSTS.c.keys()}  # noqa: SIM118 - a column collection, no dict
    connection.execute(sa.insert(POSTS).values(values))


def answer(connection: sa.Connection, source: str, state: str, said: dict[str, Any]) -> int:
    """Note what intake said of these bytes, whoever posted them; how many posts that answers."""
    change = sa.update(POSTS).where(POSTS.c.source == source).values(state=state, answer=said)
    return connection.execute(change).rowcount
