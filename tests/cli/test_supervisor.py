"""The supervisor with small processes in place of rooms: what it starts again, when, and what it does not."""

import asyncio
import inspect
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.words import Realm
from services.cli.house import supervisor
from services.cli.house.child import Child
from services.cli.house.rooms import RoomSpec
from services.cli.house.supervisor import Backoff, Event, Supervisor
from services.runtime.room import Room

FOREVER = "import time; time.sleep(600)"


@dataclass(frozen=True)
class Script(RoomSpec):
    """A room whose process runs these lines."""

    code: str = FOREVER

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", self.code]


def child(home: Path, code: str, name: str = "room", wave: int = 1) -> Child:
    return Child(Script(name, wave, code), Realm.LIVE, home, {"PATH": "/usr/bin:/bin"})


class Told:
    """What the supervisor has told so far."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.events]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                await self._more.wait()
                self._more.clear()


@asynccontextmanager
async def supervised(*children: Child) -> AsyncIterator[tuple[Supervisor, Told]]:
    told = Told()
    rooms = Supervisor(children, told)
    await rooms.start()
    try:
        yield rooms, told
    finally:
        await rooms.stop(patience=5)


async def test_a_room_that_crashes_is_started_again_and_its_last_words_are_told(tmp_path: Path) -> None:
    code = "import sys; print('tocsin room: the disk is full', file=sys.stderr); sys.exit(1)"
    async with supervised(child(tmp_path, code)) as (_, told):
        await told.until(lambda: told.states.count("starting") >= 2)
    restart = next(event for event in told.events if event.state == "restarting")
    assert "ended with 1, again in 0.5 s" in restart.says
    assert "the disk is full" in restart.says


async def test_of_a_stores_error_the_error_is_told_and_neither_statement_nor_link(tmp_path: Path) -> None:
    lines = "x.OperationalError: database is locked\\n[SQL: BEGIN IMMEDIATE]\\n(Background on this error at: a link)"
    async with supervised(child(tmp_path, f"import sys; sys.exit('{lines}')")) as (_, told):
        await told.until(lambda: "restarting" in told.states)
    assert told.events[1].says.endswith("OperationalError: database is locked")


async def test_a_wrong_setting_is_told_and_not_tried_again(tmp_path: Path) -> None:
    code = "import sys; print('tocsin: TOCSIN_X_TOKEN is missing', file=sys.stderr); sys.exit(2)"
    async with supervised(child(tmp_path, code)) as (rooms, told):
        await told.until(lambda: "wrong" in told.states)
        await asyncio.gather(*rooms._tasks)  # it has given up: its watch has ended by itself
        assert told.states == ["starting", "wrong"]
        assert "TOCSIN_X_TOKEN is missing" in told.events[-1].says
        assert [event.state for event in rooms.not_ready] == ["wrong"]


async def test_a_room_that_stops_itself_is_started_again_later(tmp_path: Path) -> None:
    async with supervised(child(tmp_path, "import sys; sys.exit(3)")) as (_, told):
        await told.until(lambda: "restarting" in told.states)
    assert f"again in {supervisor.STOPPED_ITSELF.first:g} s" in told.events[1].says


@pytest.mark.parametrize(("ends", "wait"), [(1, 0.5), (2, 1), (3, 2), (7, 30), (500, 30)])
def test_the_wait_doubles_and_has_an_end(ends: int, wait: float) -> None:
    assert Backoff(0.5, 30).after(ends) == wait


async def test_stopping_goes_by_waves_and_kills_what_does_not_listen(tmp_path: Path) -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"
    first, last = child(tmp_path, FOREVER, "intake", 1), child(tmp_path, deaf, "record", 2)
    told = Told()
    rooms = Supervisor([last, first], told)
    await rooms.start()
    await told.until(lambda: told.states.count("starting") == 2)
    await rooms.stop(patience=1)
    assert [event.room for event in told.events if event.state == "stopped"] == ["intake", "record"]
    assert first.ended() is not None
    assert last.ended() is not None


async def test_nothing_is_ready_that_has_not_said_so(tmp_path: Path) -> None:
    async with supervised(child(tmp_path, FOREVER)) as (rooms, told):
        await told.until(lambda: "starting" in told.states)
        assert not rooms.all_ready
        assert rooms.ready == 0


async def test_doors_of_an_earlier_process_do_not_count(tmp_path: Path) -> None:
    doors = tmp_path / "doors"
    doors.mkdir()
    (doors / "room.json").write_text('{"pid": 1, "private": "http://127.0.0.1:9"}')
    async with supervised(child(tmp_path, FOREVER)) as (_, told):
        await told.until(lambda: "starting" in told.states)
        assert child(tmp_path, FOREVER)._doors() == {}
    assert "waiting" not in told.states


async def test_a_rooms_log_is_kept_from_one_start_to_the_next(tmp_path: Path) -> None:
    async with supervised(child(tmp_path, "import sys; print('line', file=sys.stderr); sys.exit(1)")) as (_, told):
        await told.until(lambda: told.states.count("restarting") >= 2)
    assert (tmp_path / "logs" / "room.log").read_text().count("line") >= 2


def test_topics_that_are_not_assigned_yet_are_one_reason() -> None:
    waiting = [f"alerts.accepted: {supervisor.UNASSIGNED}", f"trust: {supervisor.UNASSIGNED}"]
    assert supervisor._shortly(waiting) == supervisor._shortly(waiting[:1]) == "no partitions assigned yet"
    assert supervisor._shortly(["the phonebook is not open yet", *waiting]) == (
        "the phonebook is not open yet; no partitions assigned yet"
    )
    assert supervisor._shortly(["a: b", "c: d"]) == "a: b; c: d"
    assert supervisor.UNASSIGNED in inspect.getsource(Room.missing)
