"""A server on this machine that answers every request alike, for what is only asked over HTTP."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class _Server:
    """In a thread of its own, with a loop of its own, until it is told to stop."""

    answer: Callable[[web.Request], web.Response]
    ready: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    stop: Callable[[], object] = lambda: None

    async def live(self) -> None:
        async def handle(request: web.Request) -> web.Response:
            return self.answer(request)

        application = web.Application()
        application.router.add_route("*", "/{rest:.*}", handle)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = int(runner.addresses[0][1])
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        self.stop = lambda: loop.call_soon_threadsafe(told.set)
        self.ready.set()
        await told.wait()
        await runner.cleanup()


@contextmanager
def served(answer: Callable[[web.Request], web.Response]) -> Iterator[str]:
    """The server's address; `answer` gives what it says."""
    server = _Server(answer)
    thread = threading.Thread(target=lambda: asyncio.run(server.live()))
    thread.start()
    server.ready.wait()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join()
