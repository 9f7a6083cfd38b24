"""A room's own store: alone on SQLite, with a sentence; waited for on a server; nothing is parked while it is away."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.runtime.opening import open_store, when_there
from services.runtime.patience import Patience
from services.runtime.settings import RoomSettings, SharedSettings
from services.runtime.store import Store
from tests.support.code import REPOSITORY
from tests.support.postgres import Postgres

METADATA = sa.MetaData()
THING = sa.Table("thing", METADATA, sa.Column("name", sa.String, primary_key=True))
#: Every room that keeps something of its own, and the name of its settings.
ROOMS = ("agency", "intake", "compose", "approve", "audience", "receipts", "record", "dispatch-sms")
HOLD = """
import sys, sqlalchemy as sa
from pathlib import Path
from services.runtime.opening import open_store, when_there
from services.runtime.settings import RoomSettings, SharedSettings
store = open_store(SharedSettings(data=Path(sys.argv[1])), RoomSettings(), sys.argv[2], sa.MetaData())
print("open", flush=True)
sys.stdin.read()
"""


def _shared(folder: Path) -> SharedSettings:
    return SharedSettings(data=folder)


@pytest.mark.parametrize("room", ROOMS)
def test_a_second_process_on_one_file_is_refused_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], room: str
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), room]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline() == b"open\n"
        with pytest.raises(SystemExit) as stopped:
            open_store(_shared(tmp_path), RoomSettings(), room, METADATA)
        first.stdin.close()
        assert first.wait(20) == 0
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert f"{room}: another process already serves {room}.db" in said
    assert "PostgreSQL" in said
    open_store(_shared(tmp_path), RoomSettings(), room, METADATA).close()


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_file_that_another_program_holds_ends_the_room_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """A database browser, say: nothing of ours, so no lock file tells of it. It passes, so a supervisor tries again."""
    monkeypatch.setattr("services.runtime.store.BUSY_MS", 50)
    open_store(_shared(tmp_path), RoomSettings(), "intake", METADATA).close()
    file = tmp_path / "live" / "intake.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(f"PRAGMA journal_mode={mode}")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SystemExit) as stopped:
            open_store(_shared(tmp_path), RoomSettings(), "intake", METADATA)
    assert stopped.value.code == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert f"another process holds {file}" in line
    assert f"`fuser {file}` names it; end it" in line
    open_store(_shared(tmp_path), RoomSettings(), "intake", METADATA).close()


def test_a_file_that_is_no_database_ends_the_room_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "live" / "intake.db"
    file.parent.mkdir()
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(SystemExit) as stopped:
        open_store(_shared(tmp_path), RoomSettings(), "intake", METADATA)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{file} cannot be opened: file is not a database" in line


def test_a_closed_store_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        open_store(_shared(tmp_path), RoomSettings(), "intake", METADATA).close()


def test_an_address_that_is_none_stops_the_room_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        open_store(_shared(tmp_path), RoomSettings(database_url="postgresql://u:hush@h:port/d"), "intake", METADATA)
    said = capsys.readouterr().err
    assert "postgresql+psycopg://" in said
    assert "hush" not in said


def test_what_a_room_opens_is_waited_for_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The phonebook's server was away while audience came up, and the room ended with a traceback."""
    monkeypatch.setattr("services.runtime.opening.AGAIN_S", 0)
    answers = iter((sa.exc.OperationalError("", {}, Exception("the server is starting up")), None))

    def opens() -> str:
        error = next(answers)
        if error:
            raise error
        return "the book"

    assert when_there(opens, "tocsin audience: waiting for the phonebook") == "the book"
    assert capsys.readouterr().err == "tocsin audience: waiting for the phonebook: the server is starting up\n"


@pytest.mark.connected
def test_a_server_that_is_not_up_yet_is_waited_for(own_postgres: Postgres, tmp_path: Path) -> None:
    own_postgres.stop()
    program = HOLD.replace("RoomSettings()", f"RoomSettings(database_url={own_postgres.url()!r})")
    command = [sys.executable, "-c", program, str(tmp_path), "intake"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as room:
        assert room.stdin is not None
        assert room.stdout is not None
        assert room.stderr is not None
        assert b"tocsin intake: waiting for the store: " in room.stderr.readline()
        own_postgres.start()
        assert room.stdout.readline() == b"open\n"
        room.stdin.close()
        assert room.wait(20) == 0


@pytest.mark.connected
async def test_what_needs_a_store_that_is_away_waits_for_it(own_postgres: Postgres) -> None:
    store, patience = Store(own_postgres.url("here"), METADATA), Patience()
    own_postgres.stop()

    async def handler() -> None:
        await store.transact(lambda c: c.execute(sa.insert(THING).values(name="kept")))

    waiting = asyncio.create_task(patience.with_store("a topic", handler))
    async with asyncio.timeout(10):
        while patience.missing() is None:  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)
    await asyncio.to_thread(own_postgres.start)
    started = time.monotonic()
    await waiting
    assert time.monotonic() - started < 10
    assert patience.missing() is None
    assert await store.transact(lambda c: c.scalar(sa.select(THING.c.name))) == "kept"
    store.close()


async def test_a_loop_that_goes_on_again_no_longer_keeps_its_room_from_being_ready() -> None:
    """It never returns: after an outage a room stayed unready for ever (seen with two of every room)."""
    patience, goes_on, falls = Patience(calm_s=0), asyncio.Event(), iter((True, False))

    async def loop() -> None:
        if next(falls):
            raise sa.exc.TimeoutError
        goes_on.set()
        await asyncio.Event().wait()

    work = asyncio.create_task(patience.with_store("a loop", loop))
    async with asyncio.timeout(10):
        while patience.missing() is None:  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0)
        await goes_on.wait()
        while patience.missing() is not None:  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0)
    work.cancel()


async def test_any_other_failure_is_not_waited_out() -> None:
    async def handler() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await Patience().with_store("a topic", handler)


async def test_a_sqlite_file_that_another_writes_to_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.runtime.store.BUSY_MS", 50)
    url = f"sqlite:///{tmp_path / 'room.db'}"
    store, other, patience = Store(url, METADATA), Store(url, METADATA), Patience()
    with other.begin():
        insert = sa.insert(THING).values(name="kept")
        waiting = asyncio.create_task(
            patience.with_store("a topic", lambda: store.transact(lambda c: c.execute(insert)))
        )
        async with asyncio.timeout(10):
            while patience.missing() is None:  # noqa: ASYNC110 - it has no event for this
                await asyncio.sleep(0.01)
    await waiting
    for each in (store, other):
        each.close()
