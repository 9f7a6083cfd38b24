"""The brake goes straight into the ledger; a SQLite ledger serves one process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.words import Channel
from services.dispatch.brake import set_brake
from services.dispatch.tables import brake
from services.runtime.lock import StoreInUseError, hold
from services.runtime.store import sqlite_url
from tests.dispatch.world import ANNA, World
from tests.support.code import REPOSITORY

HOLD = "import sys; from pathlib import Path; from services.runtime.lock import hold; hold(Path(sys.argv[1]))"


def test_a_brake_can_be_set_before_there_is_a_ledger(tmp_path: Path) -> None:
    world = World(tmp_path)
    set_brake(sqlite_url(world.path), Channel.SMS, on=True, by="op", reason="why", now=world.clock.now())
    assert [(row.on, row.by, row.reason) for row in world.query(sa.select(brake))] == [(True, "op", "why")]
    world.close()


async def test_the_last_word_counts_and_survives_a_crash(sms: World) -> None:
    url = sms.url
    await sms.release(to=[ANNA])
    for on in (True, False, True):
        set_brake(url, Channel.SMS, on=on, by="op", reason="again", now=sms.clock.now())
    process = sms.one.crash()
    assert await process.ledger.braked()
    assert await process.window() == []
    assert len(sms.query(sa.select(brake))) == 1


async def test_the_brake_needs_no_lock(sms: World) -> None:
    held = hold(sms.path)
    set_brake(sms.url, Channel.SMS, on=True, by="op", reason="now", now=sms.clock.now())
    assert await sms.one.ledger.braked()
    os.close(held)


async def test_a_take_back_is_braked_too(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    set_brake(sms.url, Channel.SMS, on=True, by="op", reason="now", now=sms.clock.now())
    await sms.one.sweep()
    assert await sms.one.window() == []


def test_a_second_process_is_told_plainly(tmp_path: Path) -> None:
    database = tmp_path / "new" / "ledger.db"
    held = hold(database)
    with pytest.raises(StoreInUseError, match=r"another process already serves ledger\.db: .* PostgreSQL"):
        hold(database)
    found = subprocess.run(
        [sys.executable, "-c", HOLD, str(database)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert found.returncode != 0
    assert "StoreInUseError" in found.stderr
    os.close(held)


def test_the_lock_is_free_when_its_process_is_gone(tmp_path: Path) -> None:
    database = tmp_path / "ledger.db"
    subprocess.run([sys.executable, "-c", HOLD, str(database)], cwd=REPOSITORY, check=True)
    os.close(hold(database))


def test_the_lock_is_on_a_file_beside_the_ledger(tmp_path: Path) -> None:
    """Closing a descriptor of the database itself would drop SQLite's own locks."""
    database = tmp_path / "ledger.db"
    os.close(hold(database))
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db.lock"]
