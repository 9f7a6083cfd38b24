"""The query of a time-line, read as X reads it."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from services.sandbox.x.posts import Timeline, as_id

SMALLEST: Final = 5
DEFAULT: Final = 10
LARGEST: Final = 100
_KNOWN: Final = frozenset({
    "max_results", "pagination_token", "start_time", "end_time", "since_id", "until_id", "exclude", "expansions",
    "tweet.fields", "post.fields", "user.fields", "media.fields", "poll.fields", "place.fields",
})  # fmt: skip


class InvalidQueryError(ValueError):
    """A query that X would refuse with 400; `parameter` is what it is about."""

    def __init__(self, message: str, parameter: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def read_timeline(account_id: str, query: Mapping[str, str], now_ms: int) -> Timeline:
    """Read a query, or raise `InvalidQueryError`."""
    for name in query:
        if name not in _KNOWN:
            raise InvalidQueryError(f"The query parameter [{name}] is not one of {sorted(_KNOWN)}.", name)
    until = [bound for bound in (_number(query, "until_id"), _token(query)) if bound is not None]
    return Timeline(
        account_id=account_id,
        now_ms=now_ms,
        size=_size(query),
        since_id=_number(query, "since_id"),
        until_id=min(until, default=None),
        start_ms=_moment(query, "start_time"),
        end_ms=_moment(query, "end_time"),
        replies="replies" not in query.get("exclude", "").split(","),
    )


def asked_fields(query: Mapping[str, str]) -> frozenset[str]:
    """The optional fields of a post that were asked for, under their live or their documented name."""
    return frozenset(f"{query.get('tweet.fields', '')},{query.get('post.fields', '')}".split(","))


def next_token(last_id: int) -> str:
    """The token of the page after the post with this id, in base32hex as X's document says."""
    return base64.b32hexencode(str(last_id).encode()).decode().rstrip("=").lower()


def _token(query: Mapping[str, str]) -> int | None:
    token = query.get("pagination_token")
    if token is None:
        return None
    try:
        return int(base64.b32hexdecode(token.upper() + "=" * (-len(token) % 8)))
    except (ValueError, binascii.Error):
        raise InvalidQueryError(f"The pagination_token [{token}] is not valid.", "pagination_token") from None


def _size(query: Mapping[str, str]) -> int:
    size = _number(query, "max_results")
    if size is None:
        return DEFAULT
    if not SMALLEST <= size <= LARGEST:
        raise InvalidQueryError(f"max_results [{size}] is not between {SMALLEST} and {LARGEST}.", "max_results")
    return size


def _number(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 19):  # noqa: PLR2004 - ids have at most 19 digits
        raise InvalidQueryError(f"{name} [{value}] is not a number of at most 19 digits.", name)
    return as_id(value)


def _moment(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidQueryError(f"{name} [{value}] is not an RFC 3339 date and time.", name) from None
    return int(read.replace(tzinfo=read.tzinfo or UTC).timestamp() * 1000)
