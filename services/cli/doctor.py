"""`tocsin doctor`: what is missing or misconfigured, and what to type; and all of it in one file for whoever helps."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from schemas.words import Realm
from services.cli.checks import (
    alarms,
    backups,
    broker,
    configuration,
    machine,
    phonebook,
    place,
    platforms,
    review,
    rights,
    running,
    secret_values,
    topics,
    trust,
    versions,
    waiting,
    webhook,
)
from services.cli.checks.environment import of_the_house
from services.cli.checks.finding import Found
from services.cli.checks.guard import guarded
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.support import bundle as support

_MARKS = {"good": "ok  ", "mind": "mind", "bad": "BAD "}
BundleOption = Annotated[
    Path | None, typer.Option("--bundle", metavar="FILE", help="Also everything for whoever helps: no secret, nobody.")
]


def doctor(
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, bundle: BundleOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Look at everything that Tocsin needs, and say what to do (something does not work: exit code 1)."""
    context = Context(data, realm, as_json)
    if bundle is not None and bundle.exists():
        fail(f"{bundle} is there already: choose another name", Code.WRONG)
    with of_the_house(context.home):
        found = []
        for each in everything(context):
            cure = f" -> {each.do}" if each.do else ""
            context.say(f"{_MARKS[each.verdict]}  {each.subject}: {each.says}{cure}", **asdict(each))
            found.append(each)
        if bundle is not None:
            _bundle(context, bundle, found)
    if wrong := sum(each.verdict == "bad" for each in found):
        fail(f"{wrong} of these must be set right")


def everything(context: Context) -> Iterator[Found]:
    """Every finding, the machine's first; what one check fails at keeps none of the others from being asked."""
    for subject, check in _checks(context).items():
        yield from guarded(subject, check)


def _checks(context: Context) -> dict[str, Callable[[], Iterator[Found]]]:
    """By subject. Settings come before what is read with them: a wrong one is named by its name."""
    return {
        "machine": lambda: machine.look(context.data, kafka_named="TOCSIN_KAFKA" in os.environ),
        "settings": configuration.look,
        "secrets": secret_values.look,
        "versions": lambda: versions.look(context),
        "trust": lambda: trust.look(context),
        "phonebook": lambda: phonebook.look(context),
        "guidance": review.look,
        "place": lambda: place.look(context),
        "backup": lambda: backups.look(context),
        "restore": lambda: backups.restores(context),
        "kafka": lambda: broker.look(context),
        "rooms": lambda: running.look(context),
        "topics": lambda: topics.look(context),
        "rights": lambda: rights.look(context),
        "platforms": platforms.look,
        "webhook": webhook.look,
        "waiting": lambda: waiting.look(context),
        "alarms": lambda: alarms.look(context),
    }


def _bundle(context: Context, file: Path, found: list[Found]) -> None:
    try:
        names = support.write(context, file, found)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}", Code.WRONG)
    context.say(f"{file}: {len(names)} files; look into it before you give it away", file=str(file), files=names)
