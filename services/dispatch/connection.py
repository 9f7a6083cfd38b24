"""One connection of the lean transport: one request at a time, its answer, and whether it may carry another."""

import asyncio
import select
import socket
from collections.abc import Callable
from typing import cast

from services.dispatch.answering import Answering, BadAnswerError
from services.dispatch.posting import Answer

#: The peer has closed its side (Linux); elsewhere the event loop tells us one turn later.
_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class Connection(asyncio.Protocol):
    """Made by the pool; `lost` is called once, when it is gone."""

    def __init__(self, lost: Callable[["Connection"], None]) -> None:
        """Not yet connected."""
        self._lost = lost
        self._answering = Answering()
        self._waiting: asyncio.Future[Answer | None] | None = None
        self._open = False
        #: When it was given back, or when its answer is due, by the loop's clock.
        self.since = self.deadline = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected, and through the TLS handshake where there is one."""
        self._transport = cast("asyncio.Transport", transport)
        self.socket: socket.socket = transport.get_extra_info("socket")
        self._poll = select.poll()
        self._poll.register(self.socket.fileno(), _GONE)
        self._loop = asyncio.get_running_loop()
        self._open = True

    @property
    def fit(self) -> bool:
        """Whether a request may be written, as far as this process has heard: open, and nothing is awaited."""
        return self._open and self._waiting is None and not self._transport.is_closing()

    @property
    def gone(self) -> bool:
        """Whether the peer has closed, as the kernel knows; ask where `fit` is true.

        A server that closes after its answer would otherwise get the next request before the event loop has heard of
        it, and that would be doubt where nothing need have been written.
        """
        return bool(self._poll.poll(0))

    def write(self, request: bytes) -> "asyncio.Future[Answer | None]":
        """Write a whole request; its answer, or None when none came that can be used. Call it where `fit` is true."""
        self._answering.expect()
        self._waiting = self._loop.create_future()
        self._transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        """Some bytes of the answer, or what nobody asked for."""
        if self._waiting is None:
            self.abort()
            return
        try:
            answer = self._answering.feed(data)
        except BadAnswerError:
            self.abort()
            return
        if answer is not None:
            self._finish(answer)

    def eof_received(self) -> None:
        """The server says no more; returning nothing closes our side too."""
        self._end()

    def connection_lost(self, error: Exception | None) -> None:
        """Gone: what waits for an answer has none."""
        if error is None:
            self._end()
        self._open = False
        self._finish(None)
        self._lost(self)

    def abort(self) -> None:
        """Give it up, and whatever waits on it, at once."""
        self._open = False
        self._transport.abort()
        self._finish(None)

    def _end(self) -> None:
        try:
            answer = self._answering.end() if self._waiting is not None else None
        except BadAnswerError:
            answer = None
        if answer is not None:
            self._finish(answer)
        self._open = False

    def _finish(self, answer: Answer | None) -> None:
        waiting, self._waiting = self._waiting, None
        if answer is not None and not self._answering.keep:
            self._open = False
            self._transport.close()
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
