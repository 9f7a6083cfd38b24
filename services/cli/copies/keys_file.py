"""The keys apart: one archive of its own, which only its owner can read, never among the stores' copies."""

import io
import os
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from services.agency.settings import AgencySettings
from services.approve.settings import ApproveSettings
from services.audience.settings import AudienceSettings
from services.cli.context import Context
from services.cli.private import MODE, new_private
from services.phonebook.settings import PhonebookSettings

PHONEBOOK_KEYS = "phonebook.keys.json"
ENGINES = ("keys/approve.pem", "keys/audience.pem")
AGENCIES = "agency-keys.yaml"
#: Secrets that lie beside the stores: of the stand-ins, and of those who post at the agencies' door.
BESIDE = ("sandbox.json", "agency-demo.json", AGENCIES)


class KeysError(Exception):
    """The keys cannot be found, read or put back; the sentence says why."""


@dataclass(frozen=True)
class Key:
    """One secret of an archive: its name there, the file it belongs into, and its bytes."""

    name: str
    target: Path
    data: bytes

    @property
    def missing(self) -> bool:
        """Whether there is no such file."""
        return not self.target.exists()

    @property
    def differs(self) -> bool:
        """Whether the file holds something else."""
        return not self.missing and self.target.read_bytes() != self.data


def keys_of(context: Context) -> dict[str, Path]:
    """Every secret file of a realm that is there, by its name in the archive. KeysError where a setting is wrong."""
    in_folder = sorted((context.home / "keys").glob("[!.]*"))
    found = {f"keys/{path.name}": path for path in in_folder}
    found |= {name: context.home / name for name in BESIDE} | _where_rooms_read(context)
    return {name: path for name, path in found.items() if path.is_file()}


def _where_rooms_read(context: Context) -> dict[str, Path]:
    """What the settings of the rooms name, wherever it is."""
    try:
        agency = AgencySettings().keys
        named = {
            ENGINES[0]: ApproveSettings().key_path(context.shared),
            ENGINES[1]: AudienceSettings().key_path(context.shared),
            PHONEBOOK_KEYS: PhonebookSettings().keys_path(context.shared),
        }
    except (ValidationError, OSError) as error:
        raise KeysError(
            f"a setting that names a key cannot be read ({type(error).__name__}): `tocsin doctor` says which"
        ) from None
    return named | ({AGENCIES: agency} if agency else {})


def write(context: Context, path: Path) -> list[str]:
    """Write the archive (0600, a new file); the names in it. FileExistsError when there is one, KeysError as above."""
    keys = keys_of(context)
    with os.fdopen(new_private(path), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for name, source in keys.items():
                data = source.read_bytes()
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode, entry.mtime = len(data), MODE, int(source.stat().st_mtime)
                archive.addfile(entry, io.BytesIO(data))
        file.flush()
        os.fsync(file.fileno())
    return list(keys)


def not_in(names: Iterable[str]) -> list[str]:
    """Keys that every house has somewhere, and that an archive with these names has not."""
    return [name for name in (*ENGINES, PHONEBOOK_KEYS) if name not in set(names)]


def read(context: Context, path: Path) -> list[Key]:
    """What an archive holds, but for names that this program would never have written. KeysError when it is none."""
    known, found = _where_rooms_read(context), []
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            for entry in archive.getmembers():
                target = known.get(entry.name) or _target(context.home, entry.name)
                source = archive.extractfile(entry) if entry.isfile() else None
                if target is not None and source is not None:
                    found.append(Key(entry.name, target, source.read()))
    except (OSError, EOFError, tarfile.TarError) as error:
        raise KeysError(f"{path} is no file of keys that can be read ({type(error).__name__})") from None
    return found


def put(key: Key) -> None:
    """Put one in its place, whole or not at all. KeysError when it cannot be written."""
    fresh = key.target.with_name(f".{key.target.name}.{os.getpid()}")
    try:
        key.target.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(new_private(fresh), "wb") as file:
            file.write(key.data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(key.target)
    except OSError as error:
        raise KeysError(f"{key.target} cannot be written ({error.strerror}), and {key.name} belongs there") from None


def _target(home: Path, name: str) -> Path | None:
    """Where a name of the archive belongs; None for one that this program would never have written."""
    folder, _, last = name.rpartition("/")
    if (folder == "" and last in BESIDE) or (folder == "keys" and last and not last.startswith(".")):
        return home / name
    return None
