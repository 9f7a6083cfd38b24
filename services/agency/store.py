"""What each agency posted, by the hash of the bytes, and what intake said of it. The bytes themselves are intake's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.runtime import outbox
from services.runtime.postgres import take_turns
from services.runtime.store import Moment

#: The state of a post of which nothing was heard yet.
SENT = "sent"
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

FEEDS = sa.Table(
    "feeds",
    METADATA,
    sa.Column("url", sa.String, primary_key=True),
    sa.Column("etag", sa.String),
    sa.Column("modified", sa.String),
)
FETCHED = sa.Table(
    "fetched",
    METADATA,
    sa.Column("link", sa.String, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed said of itself when it was read last."""

    url: str
    etag: str | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class Post:
    """One message as an agency may ask for it: `sent` until intake has spoken, then as schemas.words.AnswerState.

    `answer` is what was said of it last. What came by Kafka stands here too once intake has said whose it is.
    """

    source: str
    agency: str
    received: datetime
    state: str
    answer: dict[str, Any]


def lock(connection: sa.Connection) -> None:
    """Take turns: two processes may hear of one message in the same moment. SQLite does so by itself."""
    take_turns(connection, "messages")


def find(connection: sa.Connection, source: str, agency: str) -> Post | None:
    """What this agency posted with this hash."""
    row = connection.execute(sa.select(POSTS).where(POSTS.c.source == source, POSTS.c.agency == agency)).one_or_none()
    return None if row is None else Post(**row._asdict())


def add(connection: sa.Connection, post: Post) -> None:
    """Note a post, in place of an earlier one of the same bytes."""
    connection.execute(sa.delete(POSTS).where(POSTS.c.source == post.source, POSTS.c.agency == post.agency))
    values = {name: getattr(post, name) for name in POSTS.c.keys()}  # noqa: SIM118 - a column collection, no dict
    connection.execute(sa.insert(POSTS).values(values))


def answer(connection: sa.Connection, source: str, state: str, said: dict[str, Any]) -> None:
    """Note what was said of these bytes, whoever posted them."""
    connection.execute(sa.update(POSTS).where(POSTS.c.source == source).values(state=state, answer=said))


def add_for(connection: sa.Connection, post: Post) -> None:
    """Let an agency ask for a message that it sent another way."""
    if find(connection, post.source, post.agency) is None:
        add(connection, post)


def feed(connection: sa.Connection, url: str) -> Feed | None:
    """What is known of a feed; None before it was read for the first time."""
    row = connection.execute(sa.select(FEEDS).where(FEEDS.c.url == url)).one_or_none()
    return None if row is None else Feed(**row._asdict())


def keep_feed(connection: sa.Connection, read: Feed) -> None:
    """Note that a feed was read whole."""
    connection.execute(sa.delete(FEEDS).where(FEEDS.c.url == read.url))
    connection.execute(sa.insert(FEEDS).values(url=read.url, etag=read.etag, modified=read.modified))


def was_fetched(connection: sa.Connection, link: str) -> bool:
    """Whether the alert at this address was taken, or left, before."""
    return connection.execute(sa.select(FETCHED.c.link).where(FETCHED.c.link == link)).first() is not None


def fetched(connection: sa.Connection, link: str, at: datetime) -> None:
    """Note that it was."""
    connection.execute(sa.insert(FETCHED).values(link=link, at=at))
