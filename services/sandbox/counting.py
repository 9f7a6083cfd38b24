"""What was accepted, counted by the platform's side: the tests' only witness.

A text counts by recipient and body, a post by account and text. What a phone sent, and what answered it, counts apart.
"""

from typing import Any, Final

import sqlalchemy as sa

from services.sandbox.store import POSTS, TEXTS, Row, rows

_SENT: Final = TEXTS.c.direction == "outbound-api"
MOST: Final = 100_000
"""The most rows that one answer of the control API holds."""


def counts(connection: sa.Connection, since_ms: int, *, each: bool) -> dict[str, Any]:
    """Totals and doubles of all that was accepted from `since_ms` on; with `each`, every pair and its number."""
    texts = _pairs(connection, TEXTS.c.recipient, TEXTS.c.body, _SENT, TEXTS.c.accepted_ms >= since_ms)
    posts = _pairs(connection, POSTS.c.account_id, POSTS.c.text, POSTS.c.accepted_ms >= since_ms)
    total = _totals("texts", texts) | _totals("posts", posts)
    total["posts_deleted"] = _number(
        connection, POSTS, POSTS.c.deleted_ms.is_not(None), POSTS.c.accepted_ms >= since_ms
    )
    total["doubled"] = [_named(pair) for pair in texts if pair[2] > 1]
    total["posts_doubled"] = [_named(pair) for pair in posts if pair[2] > 1]
    total["inbound"] = _number(connection, TEXTS, TEXTS.c.direction == "inbound", TEXTS.c.accepted_ms >= since_ms)
    total["replies"] = _number(
        connection, TEXTS, TEXTS.c.direction == "outbound-reply", TEXTS.c.accepted_ms >= since_ms
    )
    if each:
        total["texts_each"] = [_named(pair) for pair in texts]
        total["posts_each"] = [_named(pair) for pair in posts]
    return total


def messages(connection: sa.Connection, since_ms: int, limit: int) -> dict[str, list[Row]]:
    """Every row accepted from `since_ms` on, oldest first, of either platform; deleted and unseen ones too."""
    return {
        "texts": rows(connection, _since(TEXTS, since_ms, limit)),
        "posts": rows(connection, _since(POSTS, since_ms, limit)),
    }


def _since(table: sa.Table, since_ms: int, limit: int) -> sa.Select[Any]:
    query = sa.select(table).where(table.c.accepted_ms >= since_ms)
    return query.order_by(table.c.accepted_ms, table.c.id).limit(limit)


Pair = tuple[str, str, int]


def _pairs(
    connection: sa.Connection, to: sa.Column[str], body: sa.Column[str], *where: sa.ColumnElement[bool]
) -> list[Pair]:
    query = sa.select(to, body, sa.func.count()).where(*where).group_by(to, body).order_by(to, body)
    return [(found[0], found[1], found[2]) for found in connection.execute(query)]


def _named(pair: Pair) -> dict[str, Any]:
    return {"to": pair[0], "body": pair[1], "n": pair[2]}


def _totals(name: str, pairs: list[Pair]) -> dict[str, Any]:
    total = sum(number for _, _, number in pairs)
    return {name: total, f"{name}_distinct": len(pairs), f"{name}_extra": total - len(pairs)}


def _number(connection: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
