"""Twilio: our own request on the hot path, the vendor's client for look-ups, lists and probes.

The vendor's async client ignores its time-out and loses the answer's headers, so it runs on a small HTTP client of
ours over the one pool (https://github.com/twilio/twilio-python). No call is retried.
"""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from pydantic_core import from_json
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance
from yarl import URL

from schemas.words import Reason
from services.dispatch.lean import LeanPoster
from services.dispatch.port import Doubt, Ended, Listed, NotSent, Outcome, Permit, Probe, Refused, Sent
from services.dispatch.posting import Answer, Poster, Target
from services.dispatch.sms import errors
from services.dispatch.sms.request import Bodies
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.transport import AiohttpPoster, Transport

CREATED, CLIENT_ERROR, TOO_MANY, SERVER_ERROR = 201, 400, 429, 500
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
PAGE = 1000
#: Final statuses (https://www.twilio.com/docs/messaging/api/message-resource#message-status-values) in our words.
_ENDED: dict[str, Ended] = {
    "delivered": "delivered", "read": "delivered", "undelivered": "undelivered", "failed": "failed",
    "canceled": "failed",
}  # fmt: skip


class _Pooled(AsyncHttpClient):  # type: ignore[misc]  # twilio ships no types
    """The vendor's client on our pool, with a time-out that holds and the configured host."""

    def __init__(self, transport: Transport, base: str) -> None:
        super().__init__(logging.getLogger("tocsin.twilio"), True, transport.answer_s)  # noqa: FBT003 - theirs
        self._transport, self._base = transport, URL(base)

    async def request(self, method: str, url: str, **kwargs: Any) -> Response:  # noqa: ANN401 - their signature
        there = URL(url).with_scheme(self._base.scheme).with_host(str(self._base.host)).with_port(self._base.port)
        headers = dict(kwargs.get("headers") or {})
        if kwargs.get("auth"):
            headers["Authorization"] = aiohttp.encode_basic_auth(*kwargs["auth"])
        async with (
            asyncio.timeout(self._transport.answer_s),
            self._transport.session.request(
                method.upper(), there, params=kwargs.get("params"), data=kwargs.get("data"),
                headers=headers, allow_redirects=False,
            ) as response,
        ):  # fmt: skip
            return Response(response.status, await response.text(), response.headers)


class TwilioClient:
    """Calls that answer in the port's words."""

    def __init__(self, settings: SmsSettings, transport: Transport) -> None:
        """Use `transport`'s pool for everything but the texts, which go the way that is set."""
        token = settings.auth_token.get_secret_value()
        self.poster = _poster(settings, transport)
        self._bodies = Bodies(settings.messaging_service_sid, settings.sender, settings.callback_url)
        self._vendor = Client(settings.account_sid, token, http_client=_Pooled(transport, settings.base_url))

    async def send(self, number: str, text: str, delivery: str, ends: datetime, permit: Permit) -> Outcome:
        """Send one text."""
        body = self._bodies.body(number, text, delivery, ends, datetime.now(UTC))
        answer = await self.poster.post(body, permit)
        return _outcome(answer) if isinstance(answer, Answer) else answer

    async def find(self, number: str, text: str, since: datetime) -> list[Sent]:
        """The messages to `number` with exactly this text since the day of `since`; raises when it cannot be known."""
        found = await self._vendor.messages.list_async(to=number, date_sent_after=_day(since), page_size=PAGE)
        return [Sent(str(m.sid), m.date_created) for m in found if m.body == text]

    async def listing(self, since: datetime) -> AsyncIterator[Listed]:
        """Everything that the account has sent since that day; raises when it cannot be read whole."""
        async for message in await self._vendor.messages.stream_async(date_sent_after=_day(since), page_size=PAGE):
            if not str(message.direction).startswith("inbound"):
                yield _listed(message)

    async def probe(self) -> Probe:
        """Read one message of the list: free, and it proves the credentials."""
        try:
            await self._vendor.messages.list_async(limit=1, page_size=1)
        except TwilioException as error:
            status = _status(error)
            if status in {errors.UNAUTHORIZED, errors.FORBIDDEN, errors.NOT_FOUND}:
                return Probe(ok=False, says="Twilio refuses the credentials: check ACCOUNT_SID and AUTH_TOKEN")
            if status == TOO_MANY:  # it knows whose rate that is
                return Probe(ok=True, says="Twilio answers: the rate is used up")
            return Probe(ok=False, says=f"Twilio answers with status {status}")
        return Probe(ok=True, says="Twilio answers")


def _status(error: TwilioException) -> int | None:
    """The HTTP status: of a list that could not be read, the vendor's client keeps only the response."""
    answers = [each.status_code for each in error.args if isinstance(each, Response)]
    status: int | None = getattr(error, "status", answers[0] if answers else None)
    return status


def _listed(message: MessageInstance) -> Listed:
    """One line of the list; `canceled` never left, and a text that was read was delivered."""
    code = message.error_code
    return Listed(
        str(message.sid), str(message.to), str(message.body), message.date_created, _ENDED.get(str(message.status)),
        code if isinstance(code, int) and code else None,
    )  # fmt: skip


def _day(moment: datetime) -> datetime:
    """Twilio filters by whole days; the look-up starts a day early, because the day is the platform's."""
    return (moment - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _poster(settings: SmsSettings, transport: Transport) -> Poster:
    """What carries the texts to Twilio."""
    basic = f"{settings.account_sid}:{settings.auth_token.get_secret_value()}"
    headers = {**FORM, "Authorization": f"Basic {base64.b64encode(basic.encode()).decode()}"}
    target = Target(
        f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}/Messages.json", headers
    )
    if settings.transport == "lean" and settings.proxy is None:
        return LeanPoster(target, transport.limits)
    return AiohttpPoster(target, transport)


def _outcome(answer: Answer) -> Outcome:
    """Read one answer. A 5xx, and whatever is not Twilio's JSON, is doubt: a proxy's page says nothing of the text."""
    status = answer.status
    if status == TOO_MANY:
        return NotSent(Reason.RATE_LIMITED, answer.retry_after_s)
    said = _json(answer.body)
    if said is None:
        return Doubt()
    if status == CREATED and isinstance(said.get("sid"), str):
        return Sent(said["sid"])
    if not CLIENT_ERROR <= status < SERVER_ERROR:
        return Doubt()
    code = said.get("code")
    if code in errors.RATE:
        return NotSent(Reason.RATE_LIMITED, answer.retry_after_s)
    return Refused(errors.reason(code, status), code if isinstance(code, int) else status)


def _json(body: bytes) -> dict[str, Any] | None:
    """A JSON object, or None."""
    try:
        found = from_json(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
