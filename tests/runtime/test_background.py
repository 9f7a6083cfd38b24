"""A room whose work is over is over: it says which work and what kind of error, and never what the error said."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.runtime.parking import RoomStop
from services.runtime.room import Room
from services.runtime.settings import RoomSettings, SharedSettings
from tests.support.code import REPOSITORY

NUMBER = "+15555550123"


async def raises() -> None:
    raise ValueError(NUMBER)


async def ends() -> None:
    """It returns, which no work may."""


async def stops() -> None:
    raise RoomStop("another process has the ledger")


async def hears_a_stranger_cancel() -> None:
    """What it waited for was cancelled by somebody else, as a client's future is when its connection goes."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def forever() -> None:
    await asyncio.Event().wait()


async def at_once() -> None:
    """Kafka is there."""


async def lived(room: Room, start: Callable[[], Awaitable[None]] = at_once) -> int:
    """A room's work without Kafka and doors, to its end; its exit code. TimeoutError where nothing stops it."""
    room._start_broker = start  # type: ignore[assignment, method-assign]
    life = asyncio.create_task(room._work_life())
    life.add_done_callback(room._has_ended)
    try:
        async with asyncio.timeout(10):
            await room._stop.wait()
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await life
    return room._status


def made(folder: Path) -> Room:
    room = Room("compose", SharedSettings(data=folder, replica="a"), RoomSettings())
    room.background("well", forever)
    return room


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (raises, "tocsin compose: pump failed with ValueError; the log says where\n"),
        (ends, "tocsin compose: pump has ended, and it never should\n"),
        (stops, "tocsin compose: another process has the ledger\n"),
        (hears_a_stranger_cancel, "tocsin compose: pump failed with CancelledError; the log says where\n"),
    ],
)
async def test_a_work_that_ends_ends_the_room(
    work: Callable[[], Awaitable[None]], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room = made(tmp_path)
    room.background("pump", work)  # type: ignore[arg-type]
    assert await lived(room) == 3
    assert capsys.readouterr().err.endswith(says)


async def test_a_check_that_raises_ends_the_room(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room = made(tmp_path)

    def broken() -> str | None:
        raise PermissionError(13, NUMBER)

    room.check(broken)
    assert await lived(room) == 3
    assert "readiness failed with PermissionError" in capsys.readouterr().err


async def test_a_start_that_fails_for_no_known_reason_ends_the_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await lived(made(tmp_path), raises) == 3
    assert "its work ended with ValueError" in capsys.readouterr().err


async def test_a_room_that_is_told_to_stop_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room = made(tmp_path)
    room.stop(0, "")
    assert await lived(room) == 0
    assert not capsys.readouterr().err


@pytest.mark.connected
async def test_a_start_that_swallows_its_end_is_told_again(tmp_path: Path) -> None:
    """As one of Kafka's clients does while it is being closed: the room went on, and was deaf for 25 s and more."""
    room, starting = made(tmp_path), asyncio.Event()

    async def start() -> None:
        starting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    room._start_broker = start  # type: ignore[method-assign]
    life = asyncio.create_task(room._live())
    await starting.wait()
    room.stop(0, "")
    async with asyncio.timeout(20):
        assert await life == 0


DEAF = """
import asyncio, sys
from pathlib import Path
from services.runtime import room as rooms
from services.runtime.settings import RoomSettings, SharedSettings

rooms.STOP_S = 1
room = rooms.Room("compose", SharedSettings(data=Path(sys.argv[1]), replica="a"), RoomSettings())

async def deaf():
    room.stop(0, "")
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def at_once():
    pass

room._start_broker = at_once
room.background("deaf", deaf)
room.run()
"""


@pytest.mark.connected
def test_what_never_hears_keeps_no_process_alive(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DEAF, str(tmp_path)]
    assert subprocess.run(command, cwd=REPOSITORY, timeout=60, check=False).returncode == 0
