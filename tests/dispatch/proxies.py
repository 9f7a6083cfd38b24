"""An HTTP proxy on loopback: tunnels by CONNECT, passes plain requests on, and can refuse, hang or cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

REFUSALS = {
    "wants credentials": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    "cannot reach it": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 13\r\n\r\n<html></html>",
    "forbids it": b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "talks nonsense": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "closes": b"",
}


@dataclass
class Proxy:
    """`answer` is said instead of passing anything on; None hangs where `hangs`, else it does its work."""

    answer: bytes | None = None
    hangs: bool = False
    address: str = ""
    tunnels: int = 0
    heads: list[bytes] = field(default_factory=list)
    _open: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.append(writer)
        try:
            await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self.hangs:
            await asyncio.sleep(60)
        if self.answer is not None:
            writer.write(self.answer)
            await writer.drain()
            return
        method, where, _ = head.split(b" ", 2)
        host, _, port = where.removeprefix(b"http://").partition(b"/")[0].decode().partition(":")
        there, onward = await asyncio.open_connection(host, int(port))
        self._open.append(onward)
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.tunnels += 1
        else:
            onward.write(head)
        await asyncio.gather(_pass_on(reader, onward), _pass_on(there, writer))

    def cut(self) -> None:
        """Reset every connection."""
        for each in self._open:
            each.transport.abort()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def proxying(answer: bytes | None = None, *, hangs: bool = False) -> AsyncIterator[Proxy]:
    """Run one."""
    made = Proxy(answer, hangs)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await made.stop()
