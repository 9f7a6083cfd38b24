"""Posts and accounts as X's JSON, by the fields that were asked for."""

from datetime import UTC, datetime
from typing import Any

from services.sandbox.store import Row
from services.sandbox.x.accounts import Account


def created(row: Row) -> dict[str, Any]:
    """What the creation of a post answers."""
    return {"data": _head(row)}


def post(row: Row, asked: frozenset[str]) -> dict[str, Any]:
    """One post with the optional fields that were asked for."""
    optional = {
        "author_id": row["account_id"],
        "conversation_id": str(row["conversation_id"]),
        "created_at": iso(row["accepted_ms"]),
        "entities": {"urls": row["urls"]} if row["urls"] else None,
        "in_reply_to_user_id": row["account_id"] if row["reply_to"] else None,
        "referenced_posts": _references(row),
        "referenced_tweets": _references(row),
        "reply_settings": row["reply_settings"],
    }
    return _head(row) | {name: value for name, value in optional.items() if name in asked and value is not None}


def user(account: Account, name: str) -> dict[str, Any]:
    """One account."""
    return {"id": account.id, "name": name, "username": account.username}


def iso(ms: int) -> str:
    """A moment as X writes it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _head(row: Row) -> dict[str, Any]:
    """What every post shows. X's document says `edit_history_post_ids`, its live API `edit_history_tweet_ids`: both."""
    own = str(row["id"])
    return {"id": own, "text": row["shown"], "edit_history_post_ids": [own], "edit_history_tweet_ids": [own]}


def _references(row: Row) -> list[dict[str, str]] | None:
    found = (("replied_to", row["reply_to"]), ("quoted", row["quote_of"]))
    return [{"type": kind, "id": str(to)} for kind, to in found if to is not None] or None
