"""When the realm was last backed up: noted beside the room, never set back, and shown to Prometheus."""

from datetime import datetime, timedelta
from pathlib import Path

from services.record import backups
from tests.record.world import World, world
from tests.support.trust import NOW

METRIC = "tocsin_last_backup_timestamp_seconds"


def note(w: World, at: datetime) -> None:
    with w.store.begin() as connection:
        backups.note(connection, at)


async def test_the_newest_counts_whatever_is_noted_after_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.watch.look()
        assert w.metric(METRIC) == 0
        for at in (NOW, NOW + timedelta(days=1), NOW - timedelta(days=1)):
            note(w, at)
        await w.watch.look()
        assert w.metric(METRIC) == (NOW + timedelta(days=1)).timestamp()
