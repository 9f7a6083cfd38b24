"""One pooled HTTP session a process, with time-outs of ours and the freshness check right before the first byte.

`TraceConfig.on_request_headers_sent` runs after a connection is there and before any byte is written (aiohttp buffers
the head until the body comes); on Python before 3.12 the body goes out in a task of its own, so the check is made
again in `on_request_chunk_sent`. Two socket options make R a bound that the kernel keeps too: without
TCP_USER_TIMEOUT a request of a killed process reached the server 55 s after the kill, of a stopped one 214 s after.
No retries here, ever.
"""

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import TraceConfig
from aiohttp.abc import AbstractResolver

from schemas.words import Reason
from services.dispatch.port import Doubt, NotSent, Outcome, Permit

LINGER_NONE = b"\x01\x00\x00\x00\x00\x00\x00\x00"
CONNECT_S = 5.0


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


def _socket(address: Any) -> socket.socket:  # noqa: ANN401 - aiohttp's own AddrInfoType
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    return made


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
            made = _socket(address)
            option = getattr(socket, "TCP_USER_TIMEOUT", None)
            if option is not None:  # macOS has none; `tocsin doctor` says so
                made.setsockopt(socket.IPPROTO_TCP, option, int(limits.answer_s * 1000))
            return made

        trace = TraceConfig()
        trace.on_request_headers_sent.append(_before_head)
        trace.on_request_chunk_sent.append(_before_body)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limits.connections, keepalive_timeout=30, socket_factory=bounded, resolver=resolver
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_S, sock_read=None),
            trace_configs=[trace],
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.answer_s = limits.answer_s

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


def failure(error: BaseException, context: Context) -> Outcome:
    """What an exception of the transport says: never written, no connection, or doubt."""
    if context.refused or isinstance(error, NeverWrittenError):
        return NotSent(Reason.TRANSIENT, 0.0)
    if isinstance(error, aiohttp.ClientConnectorError) or (not context.asked and not context.written):
        return NotSent(Reason.TRANSIENT)
    return Doubt()


def header_seconds(headers: Mapping[str, str], name: str) -> float | None:
    """A header that holds seconds, such as Retry-After; None when it is missing or no number."""
    try:
        return max(0.0, float(headers[name]))
    except (KeyError, ValueError):
        return None
