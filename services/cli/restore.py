"""`tocsin restore DIR`: a backup in the place of a house that has stopped. Its ledgers know what they are."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.copies import manifest, marks, putting_back, whole
from services.cli.copies.holding import RunningError, stopped
from services.cli.copies.keys_file import KeysError
from services.cli.copies.manifest import DamagedError, Manifest
from services.cli.copies.offsets import RightError
from services.cli.copies.putting_back import HalfError, first_line
from services.cli.copies.stores import Place, places
from services.cli.copies.whole import STORE_TROUBLE, Done, KafkaAwayError, Plan, UnfinishedError
from services.cli.errors import Code, fail
from services.runtime.postgres import StoreError

DirArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A backup, or a folder of them: then the newest.")]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help="Also the keys out of this file, those that are missing.")
]
OverOption = Annotated[
    bool, typer.Option("--over", help="Also over stores, and a phonebook's keys, that are there; kept aside.")
]
KafkaOption = Annotated[
    str | None, typer.Option("--kafka", envvar="TOCSIN_KAFKA", help="HOST:PORT; else the one of the data folder.")
]
WithoutOption = Annotated[
    bool, typer.Option("--without-kafka", help="Kafka is lost, too: only what the stores hold comes back.")
]
_NOTHING = "nothing has been changed"


def restore(
    folder: DirArgument, *, keys: KeysOption = None, over: OverOption = False, kafka: KafkaOption = None,
    without_kafka: WithoutOption = False, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put a backup back where no room runs: nothing is sent again that may have been sent since it was made."""
    context, now = Context(data, realm, as_json), datetime.now(UTC).replace(microsecond=0)
    source, made = _read(folder, realm)
    with _in_sentences():
        found = list(places(context))
        with stopped(found):
            if not over:
                _must_be_empty(found)
            plan = whole.look(context, found, source, made, keys, over=over, now=now)
            done = whole.without_kafka(plan) if without_kafka else asyncio.run(whole.with_kafka(plan, kafka))
    _say(plan, done)


def _read(folder: Path, realm: Realm) -> tuple[Path, Manifest]:
    try:
        source = manifest.newest(folder, realm)
        made = manifest.read(source)
    except DamagedError as error:
        fail(str(error))
    if made.realm is not realm:
        fail(f"{source} is a backup of {made.realm}: say --realm {made.realm}", Code.WRONG)
    return source, made


def _must_be_empty(found: list[Place]) -> None:
    if any(marks.is_marked(place) for place in found):
        fail("a restore has broken off here, and its stores do not fit together: --over puts the backup in their place")
    if full := putting_back.in_use(found):
        rooms = ", ".join(f"{room} ({rows} rows)" for room, rows in full.items())
        fail(f"these stores are not empty: {rooms}; --over puts the backup in their place and keeps them aside")


@contextmanager
def _in_sentences() -> Iterator[None]:
    """What stops a restore, said: nothing has been changed, but where the sentence itself tells otherwise."""
    try:
        yield
    except RunningError as error:
        fail(f"{error}: stop the house first; {_NOTHING}")
    except RightError as error:
        fail(f"{_NOTHING}: {error}")
    except (KeysError, StoreError) as error:
        fail(f"it cannot be restored, and {_NOTHING}: {error}", Code.WRONG)
    except KafkaAwayError as error:
        fail(
            f"{_NOTHING}: Kafka does not do its part ({error}): start it and type it again, or, where it is lost, with "
            "--without-kafka",
            Code.MISSING,
        )
    except (HalfError, UnfinishedError) as error:
        fail(str(error), Code.MISSING)
    except STORE_TROUBLE as error:
        away = ": is the server away, or its password another?" if isinstance(error, DBAPIError) else ""
        fail(f"it cannot be restored, and {_NOTHING}: {first_line(error)}{away}", Code.MISSING)


def _say(plan: Plan, done: Done) -> None:
    made = plan.made
    lines = [f"restored {len(made.stores)} stores as of {made.at:%Y-%m-%d %H:%M:%S} UTC from {plan.source}"]
    lines += [f"kept aside: {each.room}, {each.where}" for each in done.kept]
    lines += _of_keys(plan, done)
    left = [place.room for place in plan.shut if place not in plan.stores]
    lines += [f"left as they were, for they are not in the backup: {', '.join(left)}"] if left else []
    if done.again is None:
        lines.append("without Kafka: what was under way between rooms is not in it; ask the agencies to send again")
    else:
        lines.append(
            f"{sum(done.again.values())} records come again when the rooms start; all that is known changes nothing"
        )
    lines.append("start the house: its ledgers look for what they may have sent since, before they send anything")
    plan.context.say(
        "\n".join(lines), source=str(plan.source), at=made.at.isoformat(), stores=len(made.stores),
        kept={each.room: each.where for each in done.kept}, again=done.again, keys=done.beside.keys,
        differ=done.beside.differ, left=left,
    )  # fmt: skip


def _of_keys(plan: Plan, done: Done) -> list[str]:
    lines = [f"keys put back: {', '.join(done.beside.keys)}"] if done.beside.keys else []
    if done.beside.differ:
        lines.append(
            f"kept, though the backup has others: {', '.join(done.beside.differ)}; what is here may be newer. To have "
            f"the backup's, move them out of {plan.context.home} and type it again with --over"
        )
    here = whole.phonebook_keys(plan.context)
    missing = f"the phonebook's keys are not in {here}: its rooms need this backup's, wherever they look for them"
    return lines if here.exists() else [*lines, missing]
