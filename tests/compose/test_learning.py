"""A store out of a backup learns what compose has said since, and says nothing in other words."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.topics import COMPOSED
from services.compose.learning import learn
from services.compose.metrics import Outcome
from tests.compose.alerts import a_hazard
from tests.compose.people import bundle
from tests.compose.test_service import World


def world_in(folder: Path) -> World:
    (folder / "live").mkdir(parents=True)
    (folder / "live" / "bundle.json").write_text(bundle().model_dump_json())
    return World(folder)


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[tuple[World, World]]:
    """Compose before everything was lost, and the one on an older store: empty."""
    before, after = world_in(tmp_path / "before"), world_in(tmp_path / "after")
    after.clock.at += timedelta(hours=1)
    yield before, after
    before.store.close()
    after.store.close()


async def test_an_alert_that_comes_again_is_answered_with_the_bytes_that_were_published(
    worlds: tuple[World, World],
) -> None:
    before, after = worlds
    await before.compose.accept(a_hazard("boil-water"))
    (said,) = (row.value for row in before.rows(COMPOSED))
    with after.store.begin() as connection:
        assert learn(connection, said)
        assert not learn(connection, said)
    await after.compose.accept(a_hazard("boil-water"))
    assert [row.value for row in after.rows(COMPOSED)] == [said]
    assert (after.count(Outcome.COMPOSED), after.count(Outcome.REPEATED)) == (0, 1)


async def test_it_can_fail(worlds: tuple[World, World]) -> None:
    """Without it the same alert is composed again, and its digest is another."""
    before, after = worlds
    await before.compose.accept(a_hazard("boil-water"))
    await after.compose.accept(a_hazard("boil-water"))
    assert before.rows(COMPOSED)[0].value != after.rows(COMPOSED)[0].value


def test_what_is_no_broadcast_is_not_learnt(worlds: tuple[World, World]) -> None:
    with worlds[1].store.begin() as connection:
        assert not learn(connection, b"{}")
