"""What the gate needs to know of a platform, whichever it is."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from services.sandbox.faults import PlatformName

Inner = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Platform(Protocol):
    """One stand-in."""

    name: PlatformName
    prefix: str
    """Paths that begin so are this platform's."""

    async def serve(self, request: web.Request, inner: Inner) -> web.StreamResponse:
        """Admit the request (account, rate), let `inner` answer it, and put the platform's headers on the answer."""
        ...

    def rate_limited(self, request: web.Request, retry_after: float) -> web.Response:
        """429 with the platform's own words."""
        ...

    def broken(self, request: web.Request, status: int) -> web.Response:
        """A server error in the platform's own shape."""
        ...

    def out_of_credit(self, request: web.Request) -> web.Response:
        """The refusal of an account that cannot pay."""
        ...

    def refuse(self, request: web.Request, status: int, code: int | None, message: str) -> web.Response:
        """Any other refusal."""
        ...
