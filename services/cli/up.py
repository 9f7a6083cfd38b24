"""`tocsin up`: the whole house on one machine, kept running until it is told to stop."""

import asyncio
import signal
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption
from services.cli.display import Display, Lines, LiveTable
from services.cli.errors import Code, fail
from services.cli.house.assembly import House, Plan
from services.cli.kafka.verbs import fetch_jars
from services.cli.known_settings import wrong_names


class Realms(StrEnum):
    """Which realms to start."""

    LIVE = "live"
    DRILL = "drill"
    BOTH = "both"

    @property
    def each(self) -> tuple[Realm, ...]:
        """The realms meant."""
        return tuple(Realm) if self is Realms.BOTH else (Realm(self.value),)


KafkaOption = Annotated[
    str | None, typer.Option("--kafka", envvar="TOCSIN_KAFKA", help="HOST:PORT of a Kafka; without it one is started.")
]
SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Stand-ins for the platforms: nobody is reached.")]
RealmsOption = Annotated[Realms, typer.Option("--realm", envvar="TOCSIN_REALM", help="`live`, `drill` or `both`.")]


def up(
    data: DataOption = DEFAULT_DATA, realm: RealmsOption = Realms.LIVE, kafka: KafkaOption = None, *,
    sandbox: SandboxOption = False, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Start Kafka (unless named) and every room, and keep them running; Ctrl-C or SIGTERM stops all."""
    if wrong := wrong_names():
        fail("; ".join(wrong), Code.WRONG)
    if kafka is None:
        fetch_jars(quiet=as_json)
    plan = Plan(data, realm.each, kafka, sandbox)
    context = Context(data, as_json=as_json)
    display: Display = LiveTable(Console()) if context.interactive else Lines(as_json=as_json)
    with display:
        halted = asyncio.run(keep(plan, display))
    if halted:
        fail(f"stopped; these rooms could not run: {', '.join(halted)}", Code.WRONG)


async def keep(plan: Plan, display: Display) -> list[str]:
    """Run the house until a signal; the rooms that could not run for a wrong setting."""
    told = told_to_stop()
    house = House(plan, display.room, display.say)
    starting = asyncio.create_task(house.start())
    waiting = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await told.wait()
    finally:
        for task in (starting, waiting):
            task.cancel()
        await asyncio.gather(starting, waiting, return_exceptions=True)
        display.say("stopping")
        wrong = [event.room for event in house.rooms.not_ready if event.state == "wrong"] if house.rooms else []
        await house.stop()
        display.say("all has stopped")
    return wrong


def told_to_stop() -> asyncio.Event:
    """Set at the first SIGINT, SIGTERM or SIGHUP. Later ones change nothing: stopping is bounded anyway."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    return told
