"""What the page shows: the time-line by conversation, and each phone with its last texts."""

from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from services.sandbox.store import POSTS, TEXTS, Row, rows
from services.sandbox.twilio.lifecycle import status_at
from services.sandbox.x.accounts import Account

PHONES_SHOWN: Final = 24
TEXTS_SHOWN: Final = 6
THREADS_SHOWN: Final = 30
POSTS_READ: Final = 300

_PHONE: Final = sa.case((TEXTS.c.direction == "inbound", TEXTS.c.sender), else_=TEXTS.c.recipient)


@dataclass(frozen=True, slots=True)
class Post:
    """A post on the time-line."""

    id: str
    username: str
    text: str
    at_ms: int
    deleted_ms: int | None
    hidden: bool
    """Accepted, but not shown to look-ups yet."""
    replies: list["Post"] = field(default_factory=list)

    @property
    def last_id(self) -> int:
        """The newest post of this conversation."""
        return max([int(self.id), *(reply.last_id for reply in self.replies)])


@dataclass(frozen=True, slots=True)
class Text:
    """A text on a phone; `mine` was written on it."""

    body: str
    at_ms: int
    status: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone with its newest texts, oldest of them first."""

    number: str
    total: int
    texts: list[Text]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the page."""

    threads: list[Post]
    phones: list[Phone]
    posts: int
    texts: int
    phones_found: int


def board(connection: sa.Connection, now_ms: int, digits: str) -> Board:
    """Read the page. `digits` narrows the phones to those whose number contains them."""
    narrowed = _PHONE.contains(digits, autoescape=True) if digits else sa.true()
    groups = sa.select(_PHONE.label("phone"), sa.func.max(TEXTS.c.id).label("last"), sa.func.count().label("total"))
    groups = groups.where(narrowed).group_by(_PHONE)
    newest = rows(connection, groups.order_by(sa.desc("last")).limit(PHONES_SHOWN))
    return Board(
        threads=threads(_newest_posts(connection), now_ms)[:THREADS_SHOWN],
        phones=[_phone(connection, group, now_ms) for group in newest],
        posts=_number(connection, sa.select(sa.func.count()).select_from(POSTS)),
        texts=_number(connection, sa.select(sa.func.count()).where(TEXTS.c.direction != "inbound")),
        phones_found=_number(connection, sa.select(sa.func.count(sa.distinct(_PHONE))).where(narrowed)),
    )


def threads(found: list[Row], now_ms: int) -> list[Post]:
    """Posts as conversations, the one with the newest post first; a reply to a post not read stands alone."""
    posts = {row["id"]: _post(row, now_ms) for row in sorted(found, key=lambda row: int(row["id"]))}
    roots: list[Post] = []
    for row in sorted(found, key=lambda row: int(row["id"])):
        parent = posts.get(row["reply_to"])
        (parent.replies if parent else roots).append(posts[row["id"]])
    return sorted(roots, key=lambda post: post.last_id, reverse=True)


def _post(row: Row, now_ms: int) -> Post:
    return Post(
        id=str(row["id"]),
        username=Account(row["account_id"]).username,
        text=row["text"],
        at_ms=row["accepted_ms"],
        deleted_ms=row["deleted_ms"],
        hidden=row["visible_ms"] > now_ms,
    )


def _newest_posts(connection: sa.Connection) -> list[Row]:
    return rows(connection, sa.select(POSTS).order_by(POSTS.c.id.desc()).limit(POSTS_READ))


def _phone(connection: sa.Connection, group: Row, now_ms: int) -> Phone:
    query = sa.select(TEXTS).where(group["phone"] == _PHONE).order_by(TEXTS.c.id.desc()).limit(TEXTS_SHOWN)
    # Two conditions that indexes serve: an expression alone would read the whole table for each phone.
    query = query.where(sa.or_(TEXTS.c.recipient == group["phone"], TEXTS.c.sender == group["phone"]))
    newest = [_text(row, now_ms) for row in rows(connection, query)]
    return Phone(group["phone"], group["total"], newest[::-1])


def _text(row: Row, now_ms: int) -> Text:
    mine = row["direction"] == "inbound"
    return Text(row["body"], row["accepted_ms"], "" if mine else status_at(row, now_ms), mine)


def _number(connection: sa.Connection, query: sa.Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())
