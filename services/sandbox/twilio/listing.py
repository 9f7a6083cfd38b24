"""The list of messages: Twilio's filters and pages.

The Python library sends `DateSent`, `DateSent<` and `DateSent>` (so `DateSent>=2026-11-22` on the wire), with a date or
an ISO 8601 date and time; both bounds include what they name. A text that has not left yet counts by its creation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import sqlalchemy as sa

from services.sandbox.store import TEXTS, Row, rows
from services.sandbox.twilio.answers import Refusal, message

_DEFAULT_SIZE: Final = 50
_LARGEST_SIZE: Final = 1000
_DAY: Final = timedelta(days=1)
_DATE_LENGTH: Final = len("2026-11-22")


@dataclass(frozen=True, slots=True)
class Ask:
    """Which messages are asked for. Milliseconds; `from_ms` inclusive, `before_ms` exclusive."""

    account_sid: str
    path: str
    filters: dict[str, str]
    to: str | None
    sender: str | None
    from_ms: int | None
    before_ms: int | None
    size: int
    page: int
    after_sid: str | None
    """The last message of the page before."""


def read_ask(account_sid: str, path: str, query: Mapping[str, str]) -> Ask:
    """Read a list's query, or raise `Refusal`."""
    from_ms, before_ms = _bounds(query)
    size = _number(query, "PageSize", _DEFAULT_SIZE)
    token = query.get("PageToken")
    return Ask(
        account_sid=account_sid,
        path=path,
        filters={name: query[name] for name in ("To", "From", "DateSent", "DateSent<", "DateSent>") if name in query},
        to=query.get("To"),
        sender=query.get("From"),
        from_ms=from_ms,
        before_ms=before_ms,
        size=max(1, min(size, _LARGEST_SIZE)),
        page=_number(query, "Page", 0),
        after_sid=None if token is None else token.removeprefix("PA"),
    )


def page(connection: sa.Connection, ask: Ask, now_ms: int) -> list[Row]:
    """Newest first, one more than a page where there is a further one."""
    query = sa.select(TEXTS).where(
        TEXTS.c.account_sid == ask.account_sid, TEXTS.c.deleted_ms.is_(None), TEXTS.c.visible_ms <= now_ms
    )
    for column, wanted in ((TEXTS.c.recipient, ask.to), (TEXTS.c.sender, ask.sender)):
        if wanted is not None:
            query = query.where(column == wanted)
    if ask.after_sid is not None:
        query = query.where(TEXTS.c.id < sa.select(TEXTS.c.id).where(TEXTS.c.sid == ask.after_sid).scalar_subquery())
    leaves = TEXTS.c.send_at_ms + TEXTS.c.sent_after_ms
    moment = sa.case((leaves <= now_ms, leaves), else_=TEXTS.c.accepted_ms)
    if ask.from_ms is not None:
        query = query.where(moment >= ask.from_ms)
    if ask.before_ms is not None:
        query = query.where(moment < ask.before_ms)
    return rows(connection, query.order_by(TEXTS.c.id.desc()).limit(ask.size + 1))


def answer(ask: Ask, found: list[Row], now_ms: int) -> dict[str, Any]:
    """The page as Twilio writes it."""
    shown = found[: ask.size]
    further = len(found) > ask.size
    start = ask.page * ask.size
    return {
        "end": start + max(0, len(shown) - 1),
        "first_page_uri": _uri(ask, 0),
        "messages": [message(row, now_ms) for row in shown],
        "next_page_uri": _uri(ask, ask.page + 1, shown[-1]["sid"]) if further else None,
        "page": ask.page,
        "page_size": ask.size,
        "previous_page_uri": _uri(ask, ask.page - 1) if ask.page > 0 else None,
        "start": start,
        "uri": _uri(ask, ask.page, ask.after_sid),
    }


def _uri(ask: Ask, number: int, after_sid: str | None = None) -> str:
    query = {**ask.filters, "PageSize": str(ask.size), "Page": str(number)}
    if after_sid is not None:
        query["PageToken"] = f"PA{after_sid}"
    return f"{ask.path}?{urlencode(query)}"


def _bounds(query: Mapping[str, str]) -> tuple[int | None, int | None]:
    lows: list[int] = []
    highs: list[int] = []
    for name, value in query.items():
        if name == "DateSent":
            day = datetime.fromtimestamp(_moment(value) / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            lows.append(_ms(day))
            highs.append(_ms(day + _DAY))
        elif name == "DateSent>":
            lows.append(_moment(value))
        elif name == "DateSent<":
            whole_day = len(value) == _DATE_LENGTH
            highs.append(_moment(value) + (_ms_of(_DAY) if whole_day else 1000))
    return max(lows, default=None), min(highs, default=None)


def _moment(value: str) -> int:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
        except ValueError:
            continue
        return _ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    raise Refusal(400, 20001, "DateSent is not a date: YYYY-MM-DD, ISO 8601 and RFC 2822 are.")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _ms_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit()):
        raise Refusal(400, 20001, f"{name} must be a whole number.")
    return int(value)
