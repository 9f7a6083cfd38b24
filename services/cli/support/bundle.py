"""Gathers the bundle: versions, settings, checks, metrics, the ends of the logs, and what waits, counted."""

import asyncio
import io
import json
import os
import platform
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from schemas.topics import PARKED
from services.cli.checks.finding import Found
from services.cli.checks.secret_values import secrets, value_of
from services.cli.context import Context
from services.cli.copies import last
from services.cli.errors import Failure
from services.cli.keys import trust_files
from services.cli.known_settings import settings_classes
from services.cli.parked.verbs import open_records
from services.cli.private import new_private
from services.cli.sight.asking import look
from services.cli.support import masking
from services.runtime.settings import variables
from services.runtime.trusted import NotTrustedError

LINES = 300
_TAIL_BYTES = 200_000


def write(context: Context, file: Path, found: list[Found]) -> list[str]:
    """Write the bundle (0600, a new file); the names in it. OSError when it cannot be written."""
    parts = dict(_parts(context, found))
    with os.fdopen(new_private(file), "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in parts.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"tocsin-support/{name}")
            entry.size, entry.mtime = len(data), int(time.time())
            archive.addfile(entry, io.BytesIO(data))
    return list(parts)


def _parts(context: Context, found: list[Found]) -> Iterator[tuple[str, str]]:
    yield "versions.json", _gathered(lambda: _json(_versions()))
    yield "settings.json", _gathered(lambda: _json(_settings()))
    yield "checks.json", _gathered(lambda: _json(_checks(context, found)))
    yield "waiting.json", _gathered(lambda: _json(_waiting(context)))
    yield from _metrics(context)
    for path in sorted((context.home / "logs").glob("*.log")):
        yield f"logs/{path.name}", _gathered(partial(_log, path))


def _gathered(gather: Callable[[], str]) -> str:
    """What one piece says; where it fails, the kind of error in its place: whoever needs help has a broken house."""
    try:
        return gather()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the other pieces help, too
        return f"could not be gathered ({type(error).__name__})\n"


def _metrics(context: Context) -> Iterator[tuple[str, str]]:
    try:
        answers = asyncio.run(look(context)).answers
    except Failure as failure:
        yield "metrics/why-not.txt", f"{failure}\n"
        return
    for room, answer in answers.items():
        lines = [f"{s.name} {json.dumps(s.labels, sort_keys=True)} {s.value:g}" for s in answer.samples]
        yield f"metrics/{room.replace('/', '-')}.txt", "\n".join([*lines, ""])


def _log(path: Path) -> str:
    return "\n".join(map(masking.log_line, _tail(path))) + "\n"


def _versions() -> dict[str, object]:
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    return {"python": platform.python_version(), "system": f"{platform.system()} {platform.release()}",
            "machine": platform.machine(), "packages": dict(sorted(packages.items()))}  # fmt: skip


def _settings() -> dict[str, dict[str, object]]:
    return {
        room: {name: value for kind in kinds for name, value in _of(kind).items()}
        for room, kinds in settings_classes().items()
    }


def _of(kind: type[BaseSettings]) -> dict[str, object]:
    try:
        made = kind()
    except (ValidationError, OSError) as error:
        return {kind.__name__: f"cannot be read ({type(error).__name__})"}
    return {
        variables(kind, name, field)[0]: masking.setting(field, getattr(made, name))
        for name, field in kind.model_fields.items()
    }


def _checks(context: Context, found: list[Found]) -> list[dict[str, str]]:
    hidden = [*_secret_texts(), str(context.data.resolve()), str(context.data), str(Path.home())]
    return [{name: masking.sentence(str(value), hidden) for name, value in asdict(each).items()} for each in found]


def _secret_texts() -> Iterator[str]:
    """Every secret that is set; of a store's URL its password, too."""
    for value in filter(None, map(value_of, secrets())):
        yield value
        if "://" in value and (password := urlsplit(value).password):
            yield password


def _waiting(context: Context) -> dict[str, object]:
    """Numbers only: what is parked, by room, topic and kind of error; which bundle; when it was backed up."""
    try:
        bundle = trust_files.current_bundle(context.home)
    except NotTrustedError:
        bundle = None
    backed_up = last.read(context.home)
    return {"parked": _parked(context), "bundle": bundle.statement.serial if bundle else 0,
            "backup": backed_up.at.isoformat() if backed_up else None}  # fmt: skip


def _parked(context: Context) -> dict[str, int] | str:
    try:
        waiting = open_records(context.read(PARKED)).values()
    except Failure:
        return "Kafka does not answer"
    facts = (each.facts for each in waiting)
    return dict(Counter(f"{each['room']} {each['topic']} {each['error']}" for each in facts))


def _tail(path: Path) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read().decode("utf-8", "replace").splitlines()[-LINES:]


def _json(value: object) -> str:
    return json.dumps(value, indent=1, default=str) + "\n"
