"""The demo's time limit, which stands still while a person is asked; and whether one is."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Patience:
    """`ask`: there is a person at the keyboard, and they decide."""

    def __init__(self, clock: asyncio.Timeout, *, ask: bool) -> None:
        """`clock` is the time limit of the whole demo."""
        self.ask = ask
        self._clock = clock

    async def line(self, prompt: str) -> str:
        """What the person types after `prompt`; no thread waits for it, so a signal still ends the demo at once."""
        print(prompt, end="", flush=True)
        with self._paused():
            return await _read_line()

    @contextmanager
    def _paused(self) -> Iterator[None]:
        now = asyncio.get_running_loop().time
        left = (self._clock.when() or now()) - now()
        self._clock.reschedule(None)
        try:
            yield
        finally:
            self._clock.reschedule(now() + left)


async def _read_line() -> str:
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not typed.done():
            typed.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin, read)
    try:
        return await typed
    finally:
        loop.remove_reader(sys.stdin)
