"""Posts in the store: accepting one in a single transaction, deleting, and reading time-lines."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from services.sandbox.store import POSTS, Row, rows
from services.sandbox.x.requests import CreatePost
from services.sandbox.x.text import shown

EPOCH_MS: Final = 1_288_834_974_657
"""The zero of X's ids (https://docs.x.com/fundamentals/x-ids): milliseconds since then, then 22 bits."""


_LARGEST_ID: Final = 2**63 - 1


def as_id(digits: str) -> int:
    """A number of up to 19 digits as the store can hold it; no post is ever numbered so high."""
    return min(int(digits), _LARGEST_ID)


class DuplicateError(Exception):
    """The account posted this text a short while ago."""


class NoSuchPostError(Exception):
    """The post that was to be answered or quoted is not there."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request came, when it is decided, when its post shows, and since when a repeat is a duplicate."""

    arrived_ms: int
    now_ms: int
    visible_ms: int
    duplicates_since_ms: int


def accept(connection: sa.Connection, account_id: str, post: CreatePost, moment: Moment) -> Row:
    """Check against what stands already, and keep the post. One transaction: two alike cannot both pass."""
    parent = _parent(connection, post.reply.in_reply_to_tweet_id if post.reply else None)
    quoted = _parent(connection, post.quote_tweet_id)
    if _repeats(connection, account_id, post.text, moment.duplicates_since_ms):
        raise DuplicateError
    new_id = _next_id(connection, moment.now_ms)
    seen = shown(post.text, new_id)
    row = {
        "id": new_id,
        "account_id": account_id,
        "text": post.text,
        "shown": seen.text,
        "urls": seen.urls,
        "reply_to": parent["id"] if parent else None,
        "quote_of": quoted["id"] if quoted else None,
        "conversation_id": parent["conversation_id"] if parent else new_id,
        "reply_settings": post.reply_settings or "everyone",
        "arrived_ms": moment.arrived_ms,
        "accepted_ms": moment.now_ms,
        "visible_ms": moment.visible_ms,
        "deleted_ms": None,
    }
    connection.execute(sa.insert(POSTS).values(row))
    return row


def delete(connection: sa.Connection, account_id: str, post_id: int, now_ms: int) -> bool:
    """Delete an account's own post; False where there is none."""
    mine = (POSTS.c.id == post_id, POSTS.c.account_id == account_id, POSTS.c.deleted_ms.is_(None))
    return connection.execute(sa.update(POSTS).where(*mine).values(deleted_ms=now_ms)).rowcount == 1


def one(connection: sa.Connection, post_id: int, now_ms: int) -> Row | None:
    """One post that stands and shows."""
    found = rows(connection, sa.select(POSTS).where(POSTS.c.id == post_id, *_standing(now_ms)))
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Which of an account's posts are asked for; ids are exclusive, `start_ms` inclusive, `end_ms` exclusive."""

    account_id: str
    now_ms: int
    size: int = 10
    since_id: int | None = None
    until_id: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    replies: bool = True


def timeline(connection: sa.Connection, ask: Timeline) -> list[Row]:
    """Newest first, one more than `size` where there is a further page."""
    query = sa.select(POSTS).where(POSTS.c.account_id == ask.account_id, *_standing(ask.now_ms))
    if ask.since_id is not None:
        query = query.where(POSTS.c.id > ask.since_id)
    if ask.until_id is not None:
        query = query.where(POSTS.c.id < ask.until_id)
    if ask.start_ms is not None:
        query = query.where(POSTS.c.accepted_ms >= ask.start_ms)
    if ask.end_ms is not None:
        query = query.where(POSTS.c.accepted_ms < ask.end_ms)
    if not ask.replies:
        query = query.where(POSTS.c.reply_to.is_(None))
    return rows(connection, query.order_by(POSTS.c.id.desc()).limit(ask.size + 1))


def _standing(now_ms: int) -> tuple[sa.ColumnElement[bool], ...]:
    return POSTS.c.deleted_ms.is_(None), POSTS.c.visible_ms <= now_ms


def _parent(connection: sa.Connection, post_id: str | None) -> Row | None:
    if post_id is None:
        return None
    found = rows(connection, sa.select(POSTS).where(POSTS.c.id == as_id(post_id), POSTS.c.deleted_ms.is_(None)))
    if not found:
        raise NoSuchPostError
    return found[0]


def _repeats(connection: sa.Connection, account_id: str, text: str, since_ms: int) -> bool:
    same = (POSTS.c.account_id == account_id, POSTS.c.text == text, POSTS.c.deleted_ms.is_(None))
    query = sa.select(POSTS.c.id).where(*same, POSTS.c.accepted_ms > since_ms).limit(1)
    return connection.execute(query).first() is not None


def _next_id(connection: sa.Connection, now_ms: int) -> int:
    newest = connection.execute(sa.select(sa.func.max(POSTS.c.id))).scalar() or 0
    return max((now_ms - EPOCH_MS) << 22, newest + 1)
