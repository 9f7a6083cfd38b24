"""The ledger without anything round it: CPU of claim and settle for each text, on SQLite with every commit on disk.

`python -m tests.bench.ledger_alone FOLDER NUMBER` prints microseconds for planning, for claim and settle, and for
reporting; W = 256, a quarter of it settled and claimed in one transaction, as the pump does.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

from schemas.audience import BatchStatement
from schemas.words import Channel, Realm
from services.dispatch.gate import Done
from services.dispatch.ledger import Ledger
from services.dispatch.planner import Plan
from services.dispatch.port import Job, Sent
from services.dispatch.tables import metadata
from services.runtime.clock import SystemClock
from services.runtime.store import Store, sqlite_url
from services.runtime.verifier import Believed
from tests.bench.sink import sid
from tests.support import broadcasts

WINDOW, BATCH = 256, 500


async def main(folder: str, number: int) -> None:
    store = Store(sqlite_url(Path(folder) / "ledger.db"), metadata)
    ledger = Ledger(
        store,
        Plan(Channel.SMS, public=False, deletes=False, account="main", take_back_s=86_400),
        SystemClock(),
        Realm.LIVE,
    )
    cpu = stopwatch(number)
    await plan(ledger, number)
    planned = cpu()
    settled = await pump(ledger)
    assert settled == number
    sent = cpu()
    while await ledger.report():
        pass
    print(planned, sent, cpu(), flush=True)


def stopwatch(number: int) -> Callable[[], float]:
    """Microseconds of this process's CPU since it was last asked, by `number`."""
    last = time.process_time()

    def lap() -> float:
        nonlocal last
        before, last = last, time.process_time()
        return (last - before) * 1e6 / number

    return lap


async def plan(ledger: Ledger, number: int) -> None:
    """One alert to `number` people."""
    value = broadcasts.broadcast()
    _, digest = broadcasts.canonical(value)
    await ledger.release(
        Believed(value, digest, value.expires, ("officer-1",), ("key",), number, value.composed), 1, 10
    )
    people = [f"{each:032x}" for each in range(number)]
    chunks = [people[start : start + BATCH] for start in range(0, number, BATCH)]
    for place, chunk in enumerate(chunks, 1):
        statement = BatchStatement(
            realm=value.realm, channel=Channel.SMS, lineage=value.lineage, version=value.version,
            revision=value.revision, digest=digest, severity=value.severity, number=place, of=len(chunks),
            reach=number, language="en", subscribers=tuple(chunk),
        )  # fmt: skip
        await ledger.batch(statement, 10)


async def pump(ledger: Ledger) -> int:
    """Claim and settle until nothing is planned; how many were settled."""
    flying: list[Job] = (await ledger.window([], WINDOW)).jobs
    settled = 0
    while flying:
        share, flying = flying[: WINDOW // 4], flying[WINDOW // 4 :]
        done = [Done(job, Sent(sid(settled + place))) for place, job in enumerate(share)]
        flying += (await ledger.window(done, len(done))).jobs
        settled += len(done)
    return settled


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
