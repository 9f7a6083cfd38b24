"""The Kafka that `up` and the demo run on: named by the user, or started here and started again when it dies."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from services.cli.kafka import Kafka, KafkaError

WATCH_S = 1.0
AGAIN_S = 2.0


class Node:
    """Kafka for one data folder. Blocking work runs in threads, so that a signal is always heard."""

    def __init__(self, folder: Path, named: str | None, say: Callable[[str], None]) -> None:
        """`named` is somebody else's Kafka: used as it is, never started or stopped. `say` is told what happens."""
        self._kafka = Kafka(folder)
        self._named, self._say = named, say
        self._owned = False
        self._watch: asyncio.Task[None] | None = None
        self._busy: asyncio.Future[None] | None = None

    @property
    def owned(self) -> bool:
        """Whether this process started it."""
        return self._owned

    async def start(self) -> str:
        """Its address, once clients are let in. KafkaError when it cannot be had."""
        if self._named is not None:
            return self._named
        if not self._kafka.running:
            self._owned = True
            await self._blocking(self._kafka.start)
        await self._blocking(self._kafka.wait_ready)
        if self._owned:
            self._watch = asyncio.create_task(self._keep())
        return self._kafka.bootstrap

    async def _blocking(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread; a cancelled caller leaves it running, and `stop` waits for it."""
        self._busy = asyncio.ensure_future(asyncio.to_thread(work))
        await asyncio.shield(self._busy)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if not self._kafka.running:
                self._say(f"Kafka has ended; starting it again (its log: {self._kafka.log})")
                await self._again()

    async def _again(self) -> None:
        """Until it runs, however long that takes; the same trouble is told once."""
        told = ""
        while (trouble := await self._try()) is not None:
            if trouble != told:
                self._say(f"Kafka could not be started, and is tried again every {AGAIN_S:g} s: {trouble}")
            told = trouble
            await asyncio.sleep(AGAIN_S)
        self._say(f"Kafka is ready again at {self._kafka.bootstrap}")

    async def _try(self) -> str | None:
        try:
            await self._blocking(self._kafka.start)
            await self._blocking(self._kafka.wait_ready)
        except (KafkaError, OSError) as error:  # OSError: the disk fills at this very moment
            return str(error)
        return None

    async def stop(self) -> None:
        """Stop it if this process started it, also in the middle of a start."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if not self._owned:
            return
        if self._busy is not None and not self._busy.done():
            await asyncio.to_thread(self._kafka.kill)
            await asyncio.gather(self._busy, return_exceptions=True)
        with contextlib.suppress(KafkaError):
            await asyncio.to_thread(self._kafka.stop)
