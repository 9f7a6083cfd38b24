"""`tocsin top`: a live view of the house in the terminal, for those without Grafana."""

import asyncio
import time
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.sight.asking import Look, look
from services.cli.sight.drawing import draw, lines
from services.cli.sight.picture import Picture, picture

FIRST_GAP_S = 1.0

EveryOption = Annotated[float, typer.Option("--every", min=0.5, help="Seconds between two looks.")]
OnceOption = Annotated[bool, typer.Option("--once", help="One look, as plain lines.")]


def top(
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, every: EveryOption = 2.0,
    once: OnceOption = False, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show rooms, alerts, deliveries, rates, doubt, what is parked and how far each room is behind, until Ctrl-C."""
    context = Context(data, realm, as_json)
    before = _look(context)
    if once:
        time.sleep(FIRST_GAP_S)  # a rate needs two looks
        _say(context, picture(realm, _look(context), before))
    elif context.interactive:
        _live(context, before, every)
    else:
        while True:
            time.sleep(every)
            now = _look(context)
            _say(context, picture(realm, now, before))
            before = now


def _live(context: Context, before: Look, every: float) -> None:
    with Live(draw(picture(context.realm, before, None)), console=Console(), screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(every)
            now = _look(context)
            live.update(draw(picture(context.realm, now, before)), refresh=True)
            before = now


def _look(context: Context) -> Look:
    found = asyncio.run(look(context))
    if not any(answer.samples for answer in found.answers.values()):
        fail(f"no room answers in {context.home}: is `tocsin up --realm {context.realm}` running?", Code.MISSING)
    return found


def _say(context: Context, seen: Picture) -> None:
    if context.as_json:
        context.emit(asdict(seen))
    else:
        print("\n".join(lines(seen)), flush=True)
