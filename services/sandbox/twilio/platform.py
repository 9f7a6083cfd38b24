"""Twilio for the gate: whose account, how many requests at once, and Twilio's ordered refusals."""

import base64
import binascii
from collections import Counter
from functools import lru_cache

from aiohttp import web

from services.sandbox.faults import PlatformName
from services.sandbox.platform import Inner
from services.sandbox.store import keep_token
from services.sandbox.twilio.answers import Refusal, refused
from services.sandbox.world import WORLD

ACCOUNT_SID = web.RequestKey("account_sid", str)
BUSY = Refusal(429, 20429, "Too Many Requests")
INACTIVE = Refusal(403, 20005, "Account not active")
"""https://www.twilio.com/docs/api/errors/20005 ("you ran out of funds"); its HTTP status is a guess."""
_WRONG = Refusal(401, 20003, "Authenticate", "Your AccountSid or AuthToken was incorrect.")


class Twilio:
    """The stand-in for Twilio's Messages resource."""

    name: PlatformName = "twilio"
    prefix = "/2010-04-01/"

    def __init__(self, tokens: dict[str, str], only_token: str | None) -> None:
        self._tokens = tokens
        self._only_token = only_token
        self._under_way: Counter[str] = Counter()

    async def serve(self, request: web.Request, inner: Inner) -> web.StreamResponse:
        """Check the account, count what it has under way, answer, and say on the answer how many there were."""
        credentials = _basic(request.headers.get("Authorization", ""))
        account = request.path.split("/")[3] if request.path.count("/") > 3 else ""  # noqa: PLR2004 - /2010-04-01/Accounts/{sid}/
        if credentials is None or not self._knows(*credentials, account):
            return refused(_WRONG)
        await self._remember(request, account, *credentials)
        request[ACCOUNT_SID] = account
        self._under_way[account] += 1
        count = self._under_way[account]
        limit = request.app[WORLD].rules.twilio_concurrency
        try:
            answer = await inner(request) if not limit or count <= limit else refused(BUSY)
        finally:
            self._under_way[account] -= 1
        answer.headers["Twilio-Concurrent-Requests"] = str(count)
        answer.headers["Twilio-Request-Id"] = f"RQ{request.app[WORLD].dice.getrandbits(128):032x}"
        return answer

    def rate_limited(self, request: web.Request, retry_after: float) -> web.Response:
        """429; Twilio promises no Retry-After, this one gives it where the order asks for some time."""
        del request
        answer = refused(BUSY)
        if retry_after:
            answer.headers["Retry-After"] = f"{retry_after:g}"
        return answer

    def broken(self, request: web.Request, status: int) -> web.Response:
        """A server error; 20500 and 20503 are Twilio's numbers for 500 and 503."""
        del request
        return refused(Refusal(status, 20000 + status, "An internal server error has occurred"))

    def out_of_credit(self, request: web.Request) -> web.Response:
        """An account without funds is not active."""
        del request
        return refused(INACTIVE)

    def refuse(self, request: web.Request, status: int, code: int | None, message: str) -> web.Response:
        """Any other refusal."""
        del request
        return refused(Refusal(status, code or 20000 + status, message))

    def _knows(self, user: str, token: str, account: str) -> bool:
        if user != account and not user.startswith("SK"):
            return False
        return bool(token) and self._only_token in (None, token)

    async def _remember(self, request: web.Request, account: str, user: str, token: str) -> None:
        if user == account and self._tokens.get(account) != token:
            self._tokens[account] = token
            await request.app[WORLD].store.transact(keep_token, account, token)


@lru_cache(maxsize=64)
def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, token
