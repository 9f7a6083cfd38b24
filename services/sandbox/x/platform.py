"""X for the gate: who asks, what is left of the window, and X's ordered refusals."""

from aiohttp import web

from services.sandbox.faults import PlatformName
from services.sandbox.platform import Inner
from services.sandbox.world import WORLD
from services.sandbox.x import answers
from services.sandbox.x.accounts import Account, authenticate
from services.sandbox.x.windows import Kind, Windows

ACCOUNT = web.RequestKey("account", Account)
_KINDS: dict[str, Kind] = {"POST": "create", "DELETE": "delete"}


class X:
    """The stand-in for X API v2."""

    name: PlatformName = "x"
    prefix = "/2/"

    def __init__(self) -> None:
        self._windows = Windows()

    async def serve(self, request: web.Request, inner: Inner) -> web.StreamResponse:
        """Tell the account, take from its window, answer, and say on the answer what is left."""
        account = authenticate(request.headers.get("Authorization"))
        if account is None:
            return answers.unauthorized()
        request[ACCOUNT] = account
        world = request.app[WORLD]
        kind = _KINDS.get(request.method, "read")
        window, admitted = self._windows.take(account.id, kind, world.now_ms() / 1000, world.rules)
        answer = await inner(request) if admitted else answers.too_many(window.reset_s)
        if answer.content_type != "text/html":  # a proxy's page does not know the platform's windows
            for name, value in window.headers.items():
                answer.headers.setdefault(name, value)
        return answer

    def rate_limited(self, request: web.Request, retry_after: float) -> web.Response:
        """429; the window ends in `retry_after` seconds."""
        return answers.too_many(int(request.app[WORLD].now_ms() / 1000 + retry_after))

    def broken(self, request: web.Request, status: int) -> web.Response:
        """A server error."""
        del request
        return answers.broken(status)

    def out_of_credit(self, request: web.Request) -> web.Response:
        """402."""
        del request
        return answers.out_of_credit()

    def refuse(self, request: web.Request, status: int, code: int | None, message: str) -> web.Response:
        """Any other refusal; X's own carry no number."""
        del request, code
        return answers.plain(status, "Forbidden" if status == 403 else "Refused", message)  # noqa: PLR2004 - HTTP status
