"""Estimates before approval; and nobody is texted when the audience has outgrown what was approved."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.audience import AudienceEstimate
from services.runtime.trust import canonical, digest_of
from tests.audience.world import World, broadcast, new_world, people, row


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


async def test_an_estimate_counts_people_by_language_and_area_and_their_segments(world: World) -> None:
    people(world, row(1, "es", "north;east"), row(2, "fr", "east"), row(3, "en", "south"))
    estimate = await world.compose(broadcast())
    assert estimate.digest == digest_of(canonical(broadcast()))
    assert (estimate.people, estimate.by_language, estimate.by_area) == (2, {"es": 1, "en": 1}, {"north": 1, "east": 2})
    assert estimate.segments == 3 + 2
    assert world.published("audiences.estimated")[0].headers["tocsin-correlation"] == "c1"


async def test_who_asked_for_the_whole_is_reached_in_each_of_its_areas(world: World) -> None:
    people(world, row(1, "en", "ferrow"), row(2, "en", "south"))
    assert (await world.compose(broadcast())).people == 1


async def test_it_is_made_once_also_when_the_release_came_first(world: World) -> None:
    people(world, row(1))
    await world.release(broadcast(), reach=1)
    assert world.published("audiences.estimated") == []
    await world.compose(broadcast())
    world.restart()
    await world.compose(broadcast())
    assert len(world.published("audiences.estimated")) == 1


async def test_no_text_no_people(world: World) -> None:
    people(world, row(1))
    without = broadcast(renditions=broadcast().renditions[:1])
    assert (await world.compose(without)).people == 0
    assert await world.release(without, reach=None) == []


@pytest.mark.parametrize(("reach", "texted"), [(100, True), (91, True), (90, False), (0, False), (None, False)])
async def test_above_the_signed_reach_by_more_than_the_margin_nobody_is_texted(
    world: World, reach: int | None, texted: bool
) -> None:
    """Policy's margin is 10 %: 91 were seen, 100 are there."""
    people(world, *map(row, range(100)))
    batches = await world.release(broadcast(), reach)
    assert bool(batches) is texted
    assert [a.over for a in world.alarms()] == ([] if texted else [False])
    if not texted:
        estimate = AudienceEstimate.model_validate_json(world.published("audiences.estimated")[-1].value or b"")
        assert estimate.people == 100


async def test_a_new_decision_with_the_new_reach_releases_the_same_digest(world: World) -> None:
    people(world, *map(row, range(100)))
    assert await world.release(broadcast(), reach=50) == []
    assert await world.release(broadcast(), reach=50) == []
    assert len(world.alarms()) == 1
    assert len(await world.release(broadcast(), reach=100)) == 1
    assert [a.over for a in world.alarms()] == [False, True]
    assert world.metrics.selections.labels("too_wide")._value.get() == 1


async def test_what_stands_still_is_shown_until_it_is_settled_overtaken_or_over(world: World) -> None:
    people(world, *map(row, range(100)))
    shown = world.metrics.too_wide._value.get

    async def look() -> float:
        await world.worker.show()
        found: float = shown()
        return found

    assert await world.release(broadcast(), reach=50) == []
    assert await look() == 1
    await world.release(broadcast(), reach=100)
    assert await look() == 0
    await world.release(broadcast(version=2), reach=50)
    assert await look() == 1
    await world.release(broadcast(version=3), reach=100)
    assert await look() == 0, "the newer version reaches them"
    await world.release(broadcast(version=4), reach=50)
    assert await look() == 1
    world.clock.at += timedelta(days=3)
    assert await look() == 0, "it has ended"


async def test_an_opt_out_between_estimate_and_release_counts(world: World) -> None:
    ids = people(world, row(1), row(2))
    assert (await world.compose(broadcast())).people == 2
    world.book.opt_out(ids[0], "reply", world.clock.now())
    (batch,) = await world.release(broadcast(), reach=2)
    assert batch.statement.subscribers == (ids[1],)
    assert batch.statement.reach == 1


async def test_an_estimate_that_fails_is_still_owed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    people(world, row(1))
    await world.service.composed(canonical(broadcast()), "c1")
    with monkeypatch.context() as broken:
        broken.setattr(world.book, "count", _fail)
        with pytest.raises(OSError, match="disk"):
            await world.work()
    await world.work()
    assert len(world.published("audiences.estimated")) == 1


def _fail(*_: object) -> None:
    raise OSError("disk")
