"""`tocsin backup DIR`: a consistent copy of every store while the rooms run, the keys apart."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from schemas.words import Realm
from services.cli import wire
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.copies import keys_file, last, making, offsets
from services.cli.copies.keys_file import KeysError
from services.cli.copies.last import Last
from services.cli.copies.making import IncompleteError
from services.cli.copies.manifest import Manifest, Offsets
from services.cli.copies.offsets import RightError
from services.cli.copies.putting_back import first_line
from services.cli.errors import Code, Failure, fail
from services.record import backups
from services.runtime.postgres import StoreError

DirArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Where backups are kept; each gets a folder in it.")]
KeysOption = Annotated[Path | None, typer.Option("--keys", metavar="FILE", help="Also the keys, into this new file.")]
WithoutOption = Annotated[
    list[str] | None, typer.Option("--without", metavar="ROOM", help="A room that was given up and has no store now.")
]


def backup(
    folder: DirArgument, *, keys: KeysOption = None, without: WithoutOption = None, data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Copy every store of a realm while its rooms run; `tocsin restore` puts it back."""
    context, now = Context(data, realm, as_json), datetime.now(UTC).replace(microsecond=0)
    if keys is not None:
        _apart(keys, folder)
    target = folder / f"{realm}-{now:%Y%m%dT%H%M%SZ}"
    if target.exists():
        fail(f"{target} is there already: a backup is never written over another")
    made = _make(context, target, now, without or [])
    last.note(context.home, Last(now, str(target.resolve())))
    names = _keys(context, keys)
    context.say(
        _says(made, target, keys, names), folder=str(target), stores=len(made.stores), rows=made.rows,
        bytes=sum(size for _, size in made.files.values()), offsets=made.offsets is not None, keys=names,
    )  # fmt: skip
    _tell_record(context, made)


def _tell_record(context: Context, made: Manifest) -> None:
    if not _has_record(made):
        return
    try:
        last.tell_record(context, made.at)
    except (DBAPIError, StoreError) as error:
        fail(
            f"the backup is whole, but record's store did not take the note of it ({first_line(error)}): Prometheus "
            "will say that it is missing until the next one",
            Code.MISSING,
        )


def _has_record(made: Manifest) -> bool:
    return any(store.room == backups.ROOM for store in made.stores)


def _make(context: Context, target: Path, now: datetime, without: list[str]) -> Manifest:
    try:
        return making.make(context, target, now, lambda: _offsets(context), without)
    except IncompleteError as error:
        fail(f"no backup was made: {error}", Code.MISSING)
    except (RightError, StoreError) as error:
        fail(f"no backup was made: {error}", Code.WRONG)
    except (sqlite3.Error, DBAPIError, OSError) as error:
        fail(f"no backup was made: {first_line(error)}: is the disk full, or a server away?", Code.MISSING)


def _offsets(context: Context) -> Offsets | None:
    try:
        return wire.run(offsets.read(context.kafka, context.realm))
    except (Failure, KafkaError, OSError, TimeoutError):
        return None


def _apart(keys: Path, folder: Path) -> None:
    if folder.resolve() in keys.resolve().parents:
        fail(f"{keys} is within {folder}: whoever has both reads every number; keep the keys elsewhere", Code.WRONG)
    if keys.exists():
        fail(f"{keys} is there already and is never overwritten: choose another name", Code.WRONG)


def _keys(context: Context, keys: Path | None) -> list[str]:
    if keys is None:
        return []
    try:
        return keys_file.write(context, keys)
    except OSError as error:
        fail(f"the stores are copied, but {keys} cannot be written: {first_line(error)}", Code.WRONG)
    except KeysError as error:
        fail(f"the stores are copied, but no keys: {error}", Code.WRONG)


def _says(made: Manifest, target: Path, keys: Path | None, names: list[str]) -> str:
    lines = [f"{target}: {len(made.stores)} stores, {made.rows} rows, as of {made.at:%Y-%m-%d %H:%M:%S} UTC"]
    if made.offsets is None:
        lines.append("Kafka did not answer: after a restore its rooms read again all that the topics hold")
    if not _has_record(made):
        lines.append("record has no store: Prometheus does not hear of this backup")
    if keys is None:
        lines.append("the keys are not in it: `--keys FILE` writes them, to be kept elsewhere")
    else:
        lines.append(f"{keys}: {len(names)} keys (mode 600); keep it away from the backups")
        if missing := keys_file.not_in(names):
            lines.append(f"not among them, for they are not on this machine: {', '.join(missing)}")
    return "\n".join(lines)
