"""The verb: a folder, the house, the story, and an orderly end whatever happens."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from schemas.words import Realm
from services.cli.context import Context
from services.cli.demo import people
from services.cli.demo.patience import Patience
from services.cli.demo.report import Outcome, report
from services.cli.demo.stage import Stage
from services.cli.demo.story import LOOK_S, Story
from services.cli.demo.trust import make_demo_trust
from services.cli.demo.witness import Witness
from services.cli.errors import Code, Failure, fail
from services.cli.house.assembly import House, Plan
from services.cli.house.supervisor import Event
from services.cli.kafka.verbs import fetch_jars
from services.cli.known_settings import wrong_names
from services.cli.up import told_to_stop

PeopleOption = Annotated[int, typer.Option("--people", min=1, max=people.MOST, help="How many subscribers.")]
LimitOption = Annotated[
    float, typer.Option("--limit", min=1, help="Seconds after which the demo gives up; asking a person is not counted.")
]
FolderOption = Annotated[
    Path | None,
    typer.Option("--data", help="Keep everything in this folder; without one a new one is used and removed."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Approve by itself, and end without waiting for a key.")]


def demo(
    folder: FolderOption = None, number: PeopleOption = 1000, limit: LimitOption = 300.0, *, yes: YesOption = False
) -> None:
    """Show the whole way on this machine: an alert, its approval, 1,000 texts, and how they are taken back."""
    if wrong := wrong_names():
        fail("; ".join(wrong), Code.WRONG)
    fetch_jars(quiet=False)
    data = (folder or Path(tempfile.mkdtemp(prefix="tocsin-demo-"))).resolve()
    try:
        asyncio.run(_until_told(data, number, limit, ask=not yes))
    except Failure as failure:
        if failure.code is not Code.INTERRUPTED and folder is None:
            fail(f"{failure} (everything that was written, logs too, is still in {data})", failure.code)
        _remove(data, folder)
        raise
    _remove(data, folder)


def _remove(data: Path, folder: Path | None) -> None:
    if folder is None:
        shutil.rmtree(data, ignore_errors=True)


async def _until_told(data: Path, number: int, limit: float, *, ask: bool) -> None:
    """Run the demo, or stop it at a signal; nothing is left running either way."""
    told = told_to_stop()
    telling = asyncio.create_task(told.wait())
    showing = asyncio.create_task(_run(data, number, limit, ask=ask))
    await asyncio.wait({telling, showing}, return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()
    if not showing.done():
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        fail("interrupted; everything has stopped", Code.INTERRUPTED)
    await showing


async def _run(data: Path, number: int, limit: float, *, ask: bool) -> None:
    stage = Stage(Console())
    try:
        async with asyncio.timeout(limit) as clock, _house(data, stage) as house:
            await _show(data, number, stage, house, Patience(clock, ask=ask and sys.stdin.isatty()))
    except TimeoutError:
        fail(f"the demo was not done within {limit:g} s: the logs say why, --limit gives it longer", Code.TIMEOUT)


@contextlib.asynccontextmanager
async def _house(data: Path, stage: Stage) -> AsyncIterator[House]:
    """The house, started and ready; stopped at the end."""

    def show(event: Event) -> None:
        if event.state in {"restarting", "wrong"}:
            stage.say(f"{event.room}: {event.state}: {event.says}")

    house = House(Plan(data, (Realm.LIVE,), sandbox=True), show, stage.say)
    try:
        await house.start()
        yield house
    finally:
        stage.say("stopping everything")
        await house.stop()
        stage.say("everything has stopped; nothing is left running")


async def _show(data: Path, number: int, stage: Stage, house: House, patience: Patience) -> None:
    context = Context(data, Realm.LIVE)
    stage.heading("Starting: nine processes, and stand-ins for X and Twilio (SANDBOX: nobody is reached)")
    filling = asyncio.create_task(asyncio.to_thread(people.enter, context, number))
    await _ready(stage, house)
    stage.say(f"{await filling} fictional subscribers (555-01xx) in {', '.join(people.AREAS)}")
    witness = Witness(context.doors("sandbox")["public"])
    trust = make_demo_trust(context.home, context.realm)
    story = Story(context, stage, trust=trust, witness=witness, patience=patience, people=number)
    stage.say(f"watch the phones at {witness.address}/")
    stage.heading("1. A boil-water alert")
    alert = await story.alert()
    stage.heading("2. It was wrong: the agency cancels it")
    cancel = await story.cancel(alert)
    report(stage, Outcome(context, alert, cancel, await story.settled(cancel), witness.address))
    if patience.ask:
        await patience.line("\nLook around; press Enter to stop everything. ")
    else:
        stage.say("(with --data DIR the folder is kept, and `tocsin up --sandbox --data DIR` goes on with it)")


async def _ready(stage: Stage, house: House) -> None:
    """Until every room says that it is ready."""
    assert house.rooms is not None  # noqa: S101 - the house was started
    with stage.bars({"rooms ready": len(house.rooms.children)}) as bars:
        while not house.rooms.all_ready:
            if wrong := [event for event in house.rooms.not_ready if event.state == "wrong"]:
                fail(f"{wrong[0].room} cannot run: {wrong[0].says}", Code.MISSING)
            bars.update({"rooms ready": house.rooms.ready})
            await asyncio.sleep(LOOK_S)
        bars.update({"rooms ready": house.rooms.ready})
