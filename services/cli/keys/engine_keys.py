"""The keys that rooms sign with: what each is for, and where its files are, by the room's own settings."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import ValidationError

from schemas.trust import BundleStatement
from services.approve.settings import ApproveSettings
from services.audience.settings import AudienceSettings
from services.cli.context import DEFAULT_DATA, Context
from services.cli.doors import every_door
from services.cli.errors import Code, fail
from services.cli.kafka.process import live_process
from services.cli.keys import trust_files
from services.cli.keys.bundling import SourceError
from services.runtime.trust import read_key

#: What the key of each such room is for, in the bundle's word.
USES = {"approve": "release", "audience": "batch"}
#: The setting that names the file, where it is not in the realm's folder.
SETTINGS = {"approve": "TOCSIN_APPROVE_ENGINE_KEY_FILE", "audience": "TOCSIN_AUDIENCE_ENGINE_KEY_FILE"}


@dataclass(frozen=True)
class KeyFiles:
    """`current` is what the room reads. Of a change of keys, `next` waits for its bundle and `retired` for its end."""

    current: Path
    next: Path
    retired: Path

    @property
    def may_be_replaced(self) -> bool:
        """Whether this user can put another file in the place of `current`: not in a Secret that is mounted."""
        return os.access(self.current.parent, os.W_OK)


def key_files(context: Context, room: str) -> KeyFiles:
    """A room's, with the settings of whoever asks. Fails with a sentence where they are wrong."""
    kind = ApproveSettings if room == "approve" else AudienceSettings
    try:
        current = kind().key_path(context.shared)
    except (ValidationError, OSError):
        fail(f"the settings of {room} are wrong here, and so its key cannot be found: `tocsin doctor` names them",
             Code.WRONG)  # fmt: skip
    found = _beside(current, current)
    return found if found.may_be_replaced else _beside(current, trust_files.key_path(context.home, room))


def _beside(current: Path, path: Path) -> KeyFiles:
    return KeyFiles(current, path.with_suffix(".next.pem"), path.with_suffix(".retired.pem"))


def must_be_theirs(context: Context, room: str, current: Path) -> None:
    """End where a process of the room on this machine reads another file: its settings are not those of this shell."""
    for path in _read_by_processes(context, room):
        if path.resolve() != current.resolve():
            fail(
                f"{room} reads {path}, and here it would be {current}: set {SETTINGS[room]}={path} here, too",
                Code.WRONG,
            )


def _read_by_processes(context: Context, room: str) -> Iterator[Path]:
    """The file that each of its processes has been told to read; nothing of those elsewhere, or of another user's."""
    for doors in every_door(context.home, room):
        process = live_process(doors.get("pid", ""), f"services.{room}")
        try:
            if process is not None:
                told, folder = process.environ(), Path(process.cwd())
                home = folder / told.get("TOCSIN_DATA", str(DEFAULT_DATA)) / context.realm.value
                yield folder / told.get(SETTINGS[room], str(trust_files.key_path(home, room)))
        except psutil.Error:
            continue


def know_our_keys(context: Context, statement: BundleStatement) -> None:
    """Refuse a people file that forgets a key with which a room on this data folder signs: it would fall silent.

    Also one of a change of keys that is not over: what the old one has signed may be on its way.
    """
    for room, use in USES.items():
        files = key_files(context, room)
        known = {key.id for engine in statement.engines if engine.use == use for key in engine.keys}
        held = {path: read_key(path) for path in (files.current, files.retired, files.next) if path.exists()}
        missing = [path for path, key in held.items() if key.id not in known]
        if not missing:
            continue
        keys = ", ".join(dict.fromkeys(key.public for key in held.values()))
        if files.current in missing:
            raise SourceError(f"{room} signs with {files.current}; enter its key in the people file: keys: [{keys}]")
        raise SourceError(
            f"the keys of {room} are being changed, and {missing[0]} is not in the people file: until `tocsin keys "
            f"rotate {room} --end` it needs both: keys: [{keys}]"
        )
