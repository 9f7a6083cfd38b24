"""The lean transport: HTTP/1.1 over connections that are kept, for one address. It costs a quarter of aiohttp's POST.

The permit and the write stand in one synchronous stretch: between the answer "yes" and the first byte nothing else of
this process runs. A connection is asked for its life before that, so what could not be written is known not to have
been. From the write on, whatever is not a whole answer within R is doubt. No retries, no redirects, no proxy.
"""

import asyncio
import itertools
import socket
import ssl
from collections import deque
from typing import Any

from yarl import URL

from schemas.words import Reason
from services.dispatch.connection import Connection
from services.dispatch.port import Doubt, NotSent, Permit
from services.dispatch.posting import Answer, Target
from services.dispatch.sockets import CONNECT_S, KEEP_S, bounded_socket
from services.dispatch.transport import Limits

#: Seconds for which the addresses of a name are believed.
NAMES_S = 10.0


class LeanPoster:
    """See `services.dispatch.posting.Poster`."""

    def __init__(self, target: Target, limits: Limits) -> None:
        """Call inside the event loop. TLS is checked against the machine's authorities (or SSL_CERT_FILE's)."""
        self._url = URL(target.url)
        self._tls = ssl.create_default_context() if self._url.scheme == "https" else None
        self._head = _head(self._url, target)
        self._limits, self._loop = limits, asyncio.get_running_loop()
        self._idle: deque[Connection] = deque()
        self._busy: dict[Connection, None] = {}  # the oldest first: R is the same for all, so deadlines are in order
        self.open: set[Connection] = set()
        self._connecting = 0
        self._closed = False
        self._names: asyncio.Task[list[Any]] | None = None
        self._names_until = 0.0
        self._sweeper: asyncio.TimerHandle | None = None

    async def post(self, body: bytes, permit: Permit) -> Answer | NotSent | Doubt:
        """Send `body` once."""
        connection = self._take()
        if connection is None:
            try:
                connection = await self._connect()
            except (OSError, TimeoutError):  # an ssl.SSLError is an OSError
                return NotSent(Reason.TRANSIENT)
        # From here to the write nothing awaits.
        if not permit():
            self._keep(connection)
            return NotSent(Reason.TRANSIENT, 0.0)
        answering = connection.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        self._watch(connection)
        try:
            answer = await answering
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            self._busy.pop(connection, None)
        if answer is None:
            return Doubt()
        self._keep(connection)
        return answer

    async def close(self) -> None:
        """Close every connection; an answer that is still awaited is doubt."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self.open):
            connection.abort()
        await asyncio.sleep(0)  # the sockets are closed one turn later

    # --- connections ---

    def _take(self) -> Connection | None:
        """The one used last that is still good."""
        while self._idle:
            connection = self._idle.pop()
            if connection.fit and not connection.gone:
                return connection
            connection.abort()
        return None

    def _keep(self, connection: Connection) -> None:
        if connection.fit:
            connection.since = self._loop.time()
            self._idle.append(connection)
            self._sweep_by(connection.since + KEEP_S)

    async def _connect(self) -> Connection:
        """A new connection, ready to be written to.

        Raises:
            OSError, TimeoutError: there is none; nothing was written.
        """
        if len(self.open) + self._connecting >= self._limits.connections:
            message = "every connection is in use"
            raise OSError(message)
        self._connecting += 1
        try:
            async with asyncio.timeout(min(CONNECT_S, self._limits.answer_s)):
                connection = await self._first_that_answers(await self._addresses())
        finally:
            self._connecting -= 1
        self.open.add(connection)
        if self._closed or not connection.fit:
            connection.abort()
            message = "closed before anything was written"
            raise ConnectionError(message)
        return connection

    async def _first_that_answers(self, addresses: list[Any]) -> Connection:
        failed: OSError | None = None
        for address in addresses:
            try:
                return await self._connected(address)
            except OSError as error:
                failed = error
        raise failed or OSError("the name has no address")

    async def _connected(self, address: Any) -> Connection:  # noqa: ANN401 - what getaddrinfo gives, five things
        made = bounded_socket(address, self._limits.answer_s)
        try:
            made.setblocking(False)  # noqa: FBT003 - the socket's own signature
            await self._loop.sock_connect(made, address[4])
            _, connection = await self._loop.create_connection(
                lambda: Connection(self.open.discard), sock=made,
                ssl=self._tls, server_hostname=self._url.raw_host if self._tls else None,
            )  # fmt: skip
        except BaseException:
            made.close()
            raise
        return connection

    async def _addresses(self) -> list[Any]:
        """The addresses of the host, asked for once by all that connect at the same time."""
        if self._names is None or self._loop.time() >= self._names_until:
            asking = self._loop.getaddrinfo(self._url.raw_host, self._url.port, type=socket.SOCK_STREAM)
            self._names, self._names_until = asyncio.ensure_future(asking), self._loop.time() + NAMES_S
        try:
            return await asyncio.shield(self._names)
        except OSError:
            self._names = None
            raise

    # --- time: one timer for all ---

    def _watch(self, connection: Connection) -> None:
        connection.deadline = self._loop.time() + self._limits.answer_s
        self._busy[connection] = None
        self._sweep_by(connection.deadline)

    def _sweep_by(self, when: float) -> None:
        if self._sweeper is not None:
            if self._sweeper.when() <= when:
                return
            self._sweeper.cancel()
        self._sweeper = self._loop.call_at(when, self._sweep)

    def _sweep(self) -> None:
        """Give up what has not been answered within R, close what has idled, and look again when the next is due."""
        self._sweeper, now = None, self._loop.time()
        for connection in list(itertools.takewhile(lambda each: each.deadline <= now, self._busy)):
            del self._busy[connection]
            connection.abort()
        while self._idle and self._idle[0].since + KEEP_S <= now:
            self._idle.popleft().abort()
        due = [next(iter(self._busy)).deadline] if self._busy else []
        due += [self._idle[0].since + KEEP_S] if self._idle else []
        if due:
            self._sweep_by(min(due))


def _head(url: URL, target: Target) -> bytes:
    """All of a request's head but the length; a header that would be two is refused."""
    lines = [
        f"POST {url.raw_path_qs} HTTP/1.1",
        f"Host: {url.host_port_subcomponent}",
        *(f"{name}: {value}" for name, value in target.headers.items()),
        "Accept-Encoding: gzip, deflate",
        "User-Agent: tocsin",
    ]
    if any("\r" in line or "\n" in line for line in lines):
        message = "a header holds a line break"
        raise ValueError(message)
    return "\r\n".join([*lines, "Content-Length: "]).encode("latin-1")
