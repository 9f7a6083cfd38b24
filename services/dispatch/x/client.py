"""X API v2 through tweepy's AsyncClient: the only file that knows tweepy.

tweepy writes api.twitter.com into every address; a session of ours puts the configured host in its place after signing,
carries the permit to the first byte, and keeps one pool. What tweepy does not do well is done here: a time-out round
every call, no waiting inside it, and an HTML error page (aiohttp.ContentTypeError) read as doubt. A 403 that speaks of
duplicate content is doubt too, never success: the look-up says which post it was.
"""

import asyncio
import time
import unicodedata
from collections.abc import AsyncIterator, Awaitable
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientResponse
from tweepy.asynchronous import AsyncClient
from tweepy.errors import (
    BadRequest,
    Forbidden,
    HTTPException,
    NotFound,
    TooManyRequests,
    Unauthorized,
)
from yarl import URL

from schemas.words import Reason
from services.dispatch.port import Doubt, Listed, NotSent, Outcome, Permit, Probe, Refused, Sent
from services.dispatch.transport import Context, Transport, failure
from services.dispatch.x.settings import XSettings

PAYMENT_REQUIRED = 402
UNPROCESSABLE = 422
NOT_FOUND = 404
PAGE = 100
#: The timeline is read from this long before the oldest intent: clocks differ.
MARGIN = timedelta(minutes=2)

_context: ContextVar[Context | None] = ContextVar("x_context", default=None)


class _Session:
    """What tweepy calls: the pool's `request`, to the configured host, with the permit on board."""

    def __init__(self, transport: Transport, base: str) -> None:
        self._transport, self._base = transport, URL(base)

    def request(self, method: str, url: str | URL, **kwargs: Any) -> Any:  # noqa: ANN401 - aiohttp's own context manager
        there = URL(str(url), encoded=True)
        there = there.with_scheme(self._base.scheme).with_host(str(self._base.host)).with_port(self._base.port)
        return self._transport.session.request(
            method, there, trace_request_ctx=_context.get(), allow_redirects=False, **kwargs
        )  # fmt: skip


class XClient:
    """Calls that answer in the port's words."""

    def __init__(self, settings: XSettings, transport: Transport) -> None:
        """Use `transport`'s pool for everything."""
        secret = {
            name: value.get_secret_value() if value else None
            for name, value in (
                ("bearer_token", settings.token), ("consumer_key", settings.consumer_key),
                ("consumer_secret", settings.consumer_secret), ("access_token", settings.access_token),
                ("access_token_secret", settings.access_token_secret),
            )
        }  # fmt: skip
        self._client = AsyncClient(**secret, return_type=ClientResponse, wait_on_rate_limit=False)
        self._client.session = _Session(transport, settings.base_url)
        self._user_auth = settings.token is None
        self._answer_s = transport.answer_s
        self._me: str | None = None

    async def post(self, text: str, permit: Permit) -> Outcome:
        """Create one post."""
        return await self._call(self._client.create_tweet(text=text, user_auth=self._user_auth), permit, _created)

    async def delete(self, platform_id: str, permit: Permit) -> Outcome:
        """Delete one post; one that is gone already is deleted."""
        gone = Sent(f"deleted:{platform_id}")

        async def deleted(_response: ClientResponse) -> Outcome:
            return gone

        outcome = await self._call(self._client.delete_tweet(platform_id, user_auth=self._user_auth), permit, deleted)
        return gone if outcome == Refused(Reason.PERMANENT_CONTENT, NOT_FOUND) else outcome

    async def _call(self, call: Awaitable[Any], permit: Permit, read: Any) -> Outcome:  # noqa: ANN401 - a reader of one answer
        context = Context(permit)
        token = _context.set(context)
        try:
            async with asyncio.timeout(self._answer_s):
                return await read(await call)  # type: ignore[no-any-return]
        except TooManyRequests as error:
            return NotSent(Reason.RATE_LIMITED, _reset_in(error))
        except HTTPException as error:
            return _refusal(error)
        except Exception as error:  # noqa: BLE001 - time-out, reset, HTML, never written: the context says which
            return failure(error, context)
        finally:
            _context.reset(token)

    async def me(self) -> str:
        """The account's own id; kept after the first answer."""
        if self._me is None:
            async with asyncio.timeout(self._answer_s):
                response = await self._client.get_me(user_auth=self._user_auth)
                self._me = str((await response.json())["data"]["id"])
        return self._me

    async def probe(self) -> Probe:
        """Ask who we are: free, and it proves the credentials."""
        try:
            async with asyncio.timeout(self._answer_s):
                response = await self._client.get_me(user_auth=self._user_auth)
                await response.json()
        except Unauthorized:
            return Probe(ok=False, says="X refuses the credentials: renew the token")
        except TooManyRequests as error:  # it knows whose rate that is
            return Probe(ok=True, says="X answers: the rate is used up", remaining=0, wait_s=_reset_in(error) or 0.0)
        remaining = response.headers.get("x-rate-limit-remaining", "")
        return Probe(ok=True, says="X answers", remaining=int(remaining) if remaining.isdigit() else None)

    async def timeline(self, since: datetime) -> AsyncIterator[Listed]:
        """Everything that the account has posted since then, all pages; raises when it cannot be read whole."""
        account, token = await self.me(), None
        while True:
            async with asyncio.timeout(self._answer_s):
                response = await self._client.get_users_tweets(
                    account, max_results=PAGE, pagination_token=token, start_time=since - MARGIN,
                    tweet_fields=["created_at", "entities"], user_auth=self._user_auth,
                )  # fmt: skip
                page = await response.json()
            if "data" not in page and page.get("meta", {}).get("result_count") != 0:
                message = "the timeline's page has no data"
                raise ValueError(message)
            for post in page.get("data", []):
                yield Listed(post["id"], account, expanded(post), datetime.fromisoformat(post["created_at"]))
            token = page.get("meta", {}).get("next_token")
            if token is None:
                return


def _reset_in(error: TooManyRequests) -> float | None:
    """Seconds until the rate is given anew, as X says; None where it does not."""
    reset = error.reset_time
    return max(0.0, reset - time.time()) if reset else None


async def _created(response: ClientResponse) -> Outcome:
    body = await response.json()
    return Sent(str(body["data"]["id"]))


def _refusal(error: HTTPException) -> Outcome:
    """The error map of X: reference of every line is docs.x.com/x-api/fundamentals/response-codes-and-errors."""
    status = error.response.status
    if isinstance(error, Forbidden) and "duplicate" in str(error).lower():
        return Doubt(Reason.DUPLICATE)
    for kinds, reason in _REFUSALS:
        if isinstance(error, kinds):
            return Refused(reason, status)
    reason_of_status = {PAYMENT_REQUIRED: Reason.PAYMENT, UNPROCESSABLE: Reason.PERMANENT_CONTENT}.get(status)
    return Refused(reason_of_status, status) if reason_of_status else Doubt()


_REFUSALS: tuple[tuple[tuple[type[HTTPException], ...], Reason], ...] = (
    ((Unauthorized,), Reason.AUTH),
    ((Forbidden,), Reason.FORBIDDEN_CAPABILITY),
    ((BadRequest, NotFound), Reason.PERMANENT_CONTENT),
)


def expanded(post: dict[str, Any]) -> str:
    """The text as it was sent: X puts t.co addresses in place of ours and escapes three characters."""
    text = str(post["text"])
    for url in post.get("entities", {}).get("urls", []):
        text = text.replace(url["url"], url["expanded_url"])
    return normal(text)


def normal(text: str) -> str:
    """One spelling for comparing: NFC, X's three HTML escapes undone, line ends alike."""
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
