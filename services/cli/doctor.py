"""`tocsin doctor`: what is missing or misconfigured, and what to type."""

import os
from collections.abc import Iterator
from dataclasses import asdict

from schemas.words import Realm
from services.cli.checks import configuration, machine, review, running, trust
from services.cli.checks.finding import Found
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import fail

_MARKS = {"good": "ok  ", "mind": "mind", "bad": "BAD "}


def doctor(data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False) -> None:
    """Look at everything that Tocsin needs, and say what to do (something does not work: exit code 1)."""
    context = Context(data, realm, as_json)
    wrong = 0
    for found in _everything(context):
        cure = f" -> {found.do}" if found.do else ""
        context.say(f"{_MARKS[found.verdict]}  {found.subject}: {found.says}{cure}", **asdict(found))
        wrong += found.verdict == "bad"
    if wrong:
        fail(f"{wrong} of these must be set right")


def _everything(context: Context) -> Iterator[Found]:
    yield from machine.look(context.data, kafka_named="TOCSIN_KAFKA" in os.environ)
    yield from configuration.look()
    yield from trust.look(context)
    yield from review.look()
    yield from running.look(context)
