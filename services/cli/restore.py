"""`tocsin restore DIR`: a backup in the place of a house that has stopped. Its ledgers know what they are."""

import asyncio
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption, kafka_file, write_kafka
from services.cli.copies import keys_file, last, learning, manifest, offsets, putting_back
from services.cli.copies.last import Last
from services.cli.copies.manifest import DamagedError, Manifest
from services.cli.copies.putting_back import Kept, RunningError
from services.cli.errors import Code, fail
from services.cli.house.node import Node
from services.cli.kafka import KafkaError as NodeError
from services.cli.kafka.verbs import kafka_folder
from services.runtime.postgres import StoreError

T = TypeVar("T")
DirArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A backup, or a folder of them: then the newest.")]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help="Also the keys out of this file, those that are missing.")
]
OverOption = Annotated[bool, typer.Option("--over", help="Also over stores that hold something; they are kept aside.")]
KafkaOption = Annotated[
    str | None, typer.Option("--kafka", envvar="TOCSIN_KAFKA", help="HOST:PORT; else the one of the data folder.")
]
WithoutOption = Annotated[
    bool, typer.Option("--without-kafka", help="Kafka is lost, too: only what the stores hold comes back.")
]


def restore(
    folder: DirArgument, *, keys: KeysOption = None, over: OverOption = False, kafka: KafkaOption = None,
    without_kafka: WithoutOption = False, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put a backup back where no room runs: nothing is sent again that may have been sent since it was made."""
    context, now = Context(data, realm, as_json), datetime.now(UTC).replace(microsecond=0)
    source, made = _read(folder, realm)
    names = _keys(context, keys)
    with _stopped(context):
        if not over and (full := _asked(lambda: putting_back.in_use(context))):
            rooms = ", ".join(f"{room} ({rows} rows)" for room, rows in full.items())
            fail(f"these stores are not empty: {rooms}; --over puts the backup in their place and keeps them aside")
        kept = _asked(lambda: putting_back.put_back(context, source, made, now))
        last.note(context.home, Last(made.at, str(source.resolve())))
        again = None if without_kafka else asyncio.run(_read_again(context, kafka, made))
    _say(context, source, made, kept, again, names)


def _read(folder: Path, realm: Realm) -> tuple[Path, Manifest]:
    try:
        source = manifest.newest(folder)
        made = manifest.read(source)
    except DamagedError as error:
        fail(str(error))
    if made.realm is not realm:
        fail(f"{source} is a backup of {made.realm}: say --realm {made.realm}", Code.WRONG)
    return source, made


def _keys(context: Context, keys: Path | None) -> list[str]:
    try:
        return keys_file.put_back(context, keys) if keys else []
    except (OSError, tarfile.TarError) as error:
        fail(f"{keys} is no file of keys that can be read ({type(error).__name__})", Code.WRONG)


@contextmanager
def _stopped(context: Context) -> Iterator[None]:
    try:
        with putting_back.stopped(context):
            yield
    except RunningError as error:
        fail(f"{error}: stop the house first; nothing has been changed")


def _asked(work: Callable[[], T]) -> T:
    try:
        return work()
    except (sqlite3.Error, DBAPIError, StoreError, OSError) as error:
        line = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        fail(f"it cannot be restored: {line}", Code.MISSING)


async def _read_again(context: Context, named: str | None, made: Manifest) -> dict[str, int]:
    """Set the rooms back in Kafka, and let compose learn what it has said since; records that come again, by group."""
    node = Node(kafka_folder(context.data), named, lambda line: context.say(line, says=line))
    try:
        servers = await node.start()
        write_kafka(context.data, servers)
        again = await offsets.put_back(servers, context.realm, made.offsets)
        await asyncio.to_thread(learning.learn_broadcasts, context)
    except (NodeError, KafkaError, OSError, TimeoutError) as error:
        fail(
            f"the stores are restored, but Kafka does not do its part ({type(error).__name__}): start it and restore "
            "again with --over, or, where it is lost, with --over --without-kafka",
            Code.MISSING,
        )
    finally:
        await node.stop()
        if node.owned:
            kafka_file(context.data).unlink(missing_ok=True)
    return again


def _say(  # noqa: PLR0917 - what was done, in one answer
    context: Context, source: Path, made: Manifest, kept: list[Kept], again: dict[str, int] | None, names: list[str]
) -> None:  # fmt: skip
    lines = [f"restored {len(made.stores)} stores as of {made.at:%Y-%m-%d %H:%M:%S} UTC from {source}"]
    lines += [f"kept aside: {each.room}, {each.where}" for each in kept]
    lines += [f"keys put back: {', '.join(names)}"] if names else []
    if again is None:
        lines.append("without Kafka: what was under way between rooms is not in it; ask the agencies to send again")
    else:
        lines.append(
            f"{sum(again.values())} records come again when the rooms start; all that is known changes nothing"
        )
    lines.append("start the house: its ledgers look for what they may have sent since, before they send anything")
    context.say(
        "\n".join(lines), source=str(source), at=made.at.isoformat(), stores=len(made.stores),
        kept={each.room: each.where for each in kept}, again=again, keys=names,
    )  # fmt: skip
