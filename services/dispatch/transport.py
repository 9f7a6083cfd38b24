"""One pooled HTTP session a process, with time-outs of ours and the freshness check right before the first byte.

`TraceConfig.on_request_headers_sent` runs after a connection is there and before any byte is written (aiohttp buffers
the head until the body comes); on Python before 3.12 the body goes out in a task of its own, so the check is made
again in `on_request_chunk_sent`. The sockets keep R as a bound of the kernel's too. No retries here, ever.
"""

import asyncio
import socket
import ssl
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import TraceConfig
from aiohttp.abc import AbstractResolver
from yarl import URL

from schemas.words import Reason
from services.dispatch.port import Doubt, NotSent, Permit
from services.dispatch.posting import LARGEST, Answer, Target, seconds
from services.dispatch.sockets import CONNECT_S, KEEP_S, bounded_socket


class NeverWrittenError(Exception):
    """The request did not start: it was no longer allowed to. Nothing was written."""


class Context:
    """What travels with one request through aiohttp: the permit, and whether anything was written."""

    def __init__(self, permit: Permit) -> None:
        """`permit` is asked right before the first byte."""
        self.permit = permit
        self.asked = False
        self.written = False
        self.refused = False

    def ask(self) -> None:
        """Ask the permit; NeverWrittenError when it says no."""
        self.asked = True
        if not self.permit():
            self.refused = True
            raise NeverWrittenError


@dataclass(frozen=True)
class Limits:
    """How many connections, and how long an answer may take, seconds."""

    connections: int
    answer_s: float


class Transport:
    """The pooled session."""

    def __init__(self, limits: Limits, resolver: AbstractResolver | None = None) -> None:
        """Call inside the event loop."""

        def bounded(address: Any) -> socket.socket:  # noqa: ANN401 - aiohttp's own AddrInfoType
            return bounded_socket(address, limits.answer_s)

        trace = TraceConfig()
        trace.on_request_headers_sent.append(_before_head)
        trace.on_request_chunk_sent.append(_before_body)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limits.connections,
                keepalive_timeout=KEEP_S,
                socket_factory=bounded,
                resolver=resolver,
                ssl=ssl.create_default_context(),
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_S, sock_read=None),
            trace_configs=[trace],
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.limits, self.answer_s = limits, limits.answer_s

    async def close(self) -> None:
        """Close every connection."""
        await self.session.close()


async def _before_head(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    carried = context.trace_request_ctx
    if not isinstance(carried, Context):
        return
    carried.ask()
    if sys.version_info >= (3, 12):
        carried.written = True


async def _before_body(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    carried = context.trace_request_ctx
    if not isinstance(carried, Context) or carried.written:
        return
    carried.ask()
    carried.written = True


def failure(error: BaseException, context: Context) -> NotSent | Doubt:
    """What an exception of the transport says: never written, no connection, or doubt."""
    if context.refused or isinstance(error, NeverWrittenError):
        return NotSent(Reason.TRANSIENT, 0.0)
    if isinstance(error, aiohttp.ClientConnectorError) or (not context.asked and not context.written):
        return NotSent(Reason.TRANSIENT)
    return Doubt()


class AiohttpPoster:
    """See `services.dispatch.posting.Poster`. The session is the transport's, and so is closing it."""

    def __init__(self, target: Target, transport: Transport) -> None:
        """Post to `target` on `transport`'s pool."""
        self._url, self._headers = URL(target.url), target.headers
        self._session, self._answer_s = transport.session, transport.answer_s

    async def post(self, body: bytes, permit: Permit) -> Answer | NotSent | Doubt:
        """Send `body` once."""
        context = Context(permit)
        try:
            async with (
                asyncio.timeout(self._answer_s),
                self._session.post(
                    self._url, data=body, headers=self._headers, trace_request_ctx=context, allow_redirects=False
                ) as response,
            ):
                return Answer(
                    response.status, await _bounded(response), seconds(response.headers.get("Retry-After"))
                )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - time-out, reset, never written: the context says which
            return failure(error, context)

    async def close(self) -> None:
        """Nothing of its own to close."""


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The body, unless it is longer than what is read."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            message = f"an answer of more than {LARGEST} bytes"
            raise aiohttp.ClientPayloadError(message)
    return b"".join(pieces)
