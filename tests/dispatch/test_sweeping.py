"""The sweep beside its own slow parts: who has a wrong message does not wait for a platform's list."""

import asyncio
from typing import cast

from schemas.words import Kind
from services.dispatch.pump import Pump
from services.dispatch.recovery import Quarantine
from services.dispatch.sweep import Sweep
from tests.dispatch.world import ANNA, BEN, World

Q = 120.0
EVER = 3600.0


class Woken:
    """A pump that notes that there is something to send."""

    flying: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.there = asyncio.Event()

    def wake(self) -> None:
        self.there.set()


async def test_a_take_back_does_not_wait_for_a_look_up_that_hangs(sms: World) -> None:
    process, pump, asked, never = sms.one, Woken(), asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        asked.set()
        await never.wait()

    value = await sms.release(to=[ANNA])
    await process.turn()
    await sms.release(to=[BEN], lineage="e" * 32)
    await process.turn("reset")
    quarantine = Quarantine(Q, 600)
    sweep = Sweep(
        ledger=process.ledger, channel=sms.platform, pump=cast("Pump", pump), clock=sms.clock, alarms=process.alarms,
        metrics=process.metrics, look_up=True, quarantine=quarantine,
    )  # fmt: skip
    await sweep.once()
    sms.clock.pass_time(Q + 1)
    pump.there.clear()
    sms.platform.stall = hang
    running = asyncio.create_task(sweep.run(EVER))
    try:
        async with asyncio.timeout(30):
            await asked.wait()  # the sweep is in the middle of its recovery, and stays there
            await sms.withdraw(value)
            sweep.wake()
            await pump.there.wait()
        assert [row.target for row in sms.rows(kind=Kind.WITHDRAWAL)] == [ANNA]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
