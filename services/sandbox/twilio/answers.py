"""Twilio's answers: message resources, and errors by their numbers (https://www.twilio.com/docs/api/errors)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, Final

from aiohttp import web

from services.limits.sms import segments
from services.sandbox.store import Row
from services.sandbox.twilio.lifecycle import date_sent_ms, error_at, status_at

API: Final = "2010-04-01"


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - it is Twilio's word to a client, not an accident
    """An error as Twilio reports it."""

    status: int
    code: int
    message: str
    detail: str | None = None


def refused(refusal: Refusal) -> web.Response:
    """The body that every client library reads."""
    more = f"https://www.twilio.com/docs/errors/{refusal.code}"
    body = {"code": refusal.code, "message": refusal.message, "more_info": more, "status": refusal.status}
    if refusal.detail is not None:
        body["detail"] = refusal.detail
    return ok(body, refusal.status)


def ok(body: dict[str, Any], status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


def message(row: Row, now_ms: int) -> dict[str, Any]:
    """One message resource as it stands at `now_ms`."""
    uri = f"/{API}/Accounts/{row['account_sid']}/Messages/{row['sid']}"
    status, error, sent_ms = status_at(row, now_ms), error_at(row, now_ms), date_sent_ms(row, now_ms)
    undecided = status in ("accepted", "scheduled")
    return {
        "account_sid": row["account_sid"],
        "api_version": API,
        "body": "" if row["redacted"] else row["body"],
        "date_created": rfc2822(row["accepted_ms"] // 1000),
        "date_sent": None if sent_ms is None else rfc2822(sent_ms // 1000),
        "date_updated": rfc2822((sent_ms or row["accepted_ms"]) // 1000),
        "direction": row["direction"],
        "error_code": error,
        "error_message": None if error is None else f"Twilio error {error}",
        "from": None if undecided else row["sender"],
        "messaging_service_sid": row["service_sid"],
        "num_media": "0",
        "num_segments": "0" if undecided else str(segments(row["body"]).segments),
        "price": None,
        "price_unit": "USD",
        "sid": row["sid"],
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": row["recipient"],
        "uri": f"{uri}.json",
    }


@lru_cache(maxsize=1024)
def rfc2822(seconds: int) -> str:
    """A moment as Twilio writes it."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC))
