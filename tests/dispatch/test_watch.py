"""What a dispatcher tells again and again: how often a platform is asked, and what stands before the first look."""

import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.words import Realm
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Probe
from services.dispatch.rate import Rate
from services.dispatch.watch import PROBE_AGAIN_S, PROBE_S, PROBE_WAIT_S, Watch
from services.runtime.metrics import RoomMetrics
from tests.dispatch.world import World

CHANNEL = {"channel": "sms"}


class Platform:
    """Answers probes as it is told to; None raises."""

    def __init__(self) -> None:
        self.answer: Probe | None = None

    async def probe(self) -> Probe:
        if self.answer is None:
            raise TimeoutError
        return self.answer


class Rig:
    """A watch over a world's ledger and a platform of its own."""

    def __init__(self, world: World) -> None:
        self.room, self.platform = RoomMetrics("dispatch/sms", Realm.LIVE), Platform()
        room = cast("Any", SimpleNamespace(clock=world.clock, metrics=self.room))
        self.watch = Watch(
            room=room, ledger=world.one.ledger, channel=cast("Any", self.platform), rate=Rate(world.clock, 0, 4),
            metrics=DispatchMetrics(self.room), wake=lambda: None,
        )  # fmt: skip

    def shown(self, name: str) -> float:
        found = self.room.registry.get_sample_value(name, CHANNEL)
        assert found is not None
        return found


@pytest.fixture
def rig(sms: World) -> Rig:
    return Rig(sms)


async def test_a_platform_that_does_not_answer_is_asked_ever_less_often(rig: Rig) -> None:
    waits = [await rig.watch.ask() for _ in range(6)]
    assert waits == [PROBE_AGAIN_S, 10, 20, 40, PROBE_S, PROBE_S]
    assert rig.shown("tocsin_channel_credentials_ok") == 0
    rig.platform.answer = Probe(ok=True, says="it answers")
    assert await rig.watch.ask() == PROBE_S
    assert (rig.shown("tocsin_channel_credentials_ok"), rig.watch.probed) == (1, None)
    rig.platform.answer = None
    assert await rig.watch.ask() == PROBE_AGAIN_S


@pytest.mark.parametrize(("told", "waits"), [(0.0, PROBE_S), (30.0, PROBE_S), (600.0, 600.0), (1e9, PROBE_WAIT_S)])
async def test_a_platforms_word_to_wait_is_heeded_and_is_an_answer(rig: Rig, told: float, waits: float) -> None:
    rig.platform.answer = Probe(ok=True, says="used up", remaining=0, wait_s=told)
    assert await rig.watch.ask() == waits
    assert rig.shown("tocsin_channel_credentials_ok") == 1
    assert rig.shown("tocsin_channel_rate_remaining") == 0


async def test_no_number_of_doubles_before_the_ledger_was_read(rig: Rig) -> None:
    """A rule would take a rise from 0 to what there has been for weeks for a new one."""
    assert math.isnan(rig.shown("tocsin_duplicates_detected"))
    await rig.watch._show()
    assert rig.shown("tocsin_duplicates_detected") == 0
