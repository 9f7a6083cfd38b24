"""One pooled HTTP session a process, with time-outs of ours and the freshness check right before the first byte.

aiohttp keeps the head back until the body comes, so our own requests ask when their body is to be written. For
clients that make their bodies themselves, `TraceConfig.on_request_headers_sent` runs after a connection is there and
before any byte is written; on Python before 3.12 the body goes out in a task of its own, so the check is made again in
`on_request_chunk_sent`. The sockets keep R as a bound of the kernel's too. No retries here, ever.

Behind a proxy (https through CONNECT) nothing changes: what the proxy refuses, or a tunnel that does not come, is known
before the permit is asked, and so is not sent; whatever it says of a request that was written is read like any answer.
"""

import socket
import ssl
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import TraceConfig
from aiohttp.abc import AbstractResolver, AbstractStreamWriter
from aiohttp.payload import BytesPayload
from multidict import CIMultiDict
from yarl import URL

from schemas.words import Reason
from services.dispatch.deadlines import Deadlines
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
    """How many connections, how long an answer may take, seconds, and the HTTP proxy between, with its credentials."""

    connections: int
    answer_s: float
    proxy: str | None = field(default=None, repr=False)


class Transport:
    """The pool, and two sessions on it: one for clients that build their requests themselves, one for our own."""

    def __init__(self, limits: Limits, resolver: AbstractResolver | None = None) -> None:
        """Call inside the event loop."""

        def bounded(address: Any) -> socket.socket:  # noqa: ANN401 - aiohttp's own AddrInfoType
            return bounded_socket(address, limits.answer_s)

        self._connector = aiohttp.TCPConnector(
            limit=limits.connections,
            keepalive_timeout=KEEP_S,
            socket_factory=bounded,
            resolver=resolver,
            ssl=ssl.create_default_context(),
        )
        trace = TraceConfig()
        trace.on_request_headers_sent.append(_before_head)
        trace.on_request_chunk_sent.append(_before_body)
        self.limits, self.answer_s = limits, limits.answer_s
        self.session, self.ours = self._session(trace), self._session()

    def _session(self, *traces: TraceConfig) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._connector,
            connector_owner=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_S, sock_read=None),
            trace_configs=list(traces),
            auto_decompress=True,
            proxy=self.limits.proxy,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self.session.close()
        await self.ours.close()
        await self._connector.close()


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


class _Body(BytesPayload):
    """A body that asks for its permit when it is to be written: aiohttp has kept the head back until then.

    What it raises closes the connection with nothing written. (A trace asks, too, and costs a seventh of each request.)
    """

    def __init__(self, value: bytes, kind: str, context: Context) -> None:
        super().__init__(value, content_type=kind)
        self._context = context

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._context.ask()
        self._context.written = True
        await super().write_with_length(writer, content_length)


class AiohttpPoster:
    """See `services.dispatch.posting.Poster`. The session is the transport's, and so is closing it."""

    def __init__(self, target: Target, transport: Transport) -> None:
        """Post to `target` on `transport`'s pool. Call inside the event loop."""
        self._url, self._headers = URL(target.url), CIMultiDict(target.headers)
        self._kind = self._headers.get("Content-Type", "application/octet-stream")
        self._session, self._deadlines = transport.ours, Deadlines(transport.answer_s)

    async def post(self, body: bytes, permit: Permit) -> Answer | NotSent | Doubt:
        """Send `body` once."""
        context = Context(permit)
        try:
            async with (
                self._deadlines.one(),
                self._session.post(
                    self._url, data=_Body(body, self._kind, context), headers=self._headers, allow_redirects=False
                ) as response,
            ):
                return Answer(
                    response.status, await _bounded(response), seconds(response.headers.get("Retry-After"))
                )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - time-out, reset, never written: the context says which
            return failure(error, context)

    async def close(self) -> None:
        """Give nothing up any more; the connections are the transport's."""
        self._deadlines.close()


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
