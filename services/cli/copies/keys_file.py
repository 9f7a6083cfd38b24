"""The keys apart: one archive of its own, which only its owner can read, never among the stores' copies."""

import io
import os
import tarfile
from pathlib import Path

from services.cli.context import Context
from services.cli.private import MODE, new_private
from services.phonebook.settings import PhonebookSettings

PHONEBOOK_KEYS = "phonebook.keys.json"
#: Secrets that lie beside the stores: of the stand-ins, and of those who post at the agencies' door.
BESIDE = ("sandbox.json", "agency-demo.json", "agency-keys.yaml")


def keys_of(context: Context) -> dict[str, Path]:
    """Every secret file of a realm's folder, by its name in the archive."""
    found = {f"keys/{path.name}": path for path in sorted((context.home / "keys").glob("*")) if path.is_file()}
    found |= {name: context.home / name for name in BESIDE if (context.home / name).exists()}
    phonebook = PhonebookSettings().keys_path(context.shared)
    return found | ({PHONEBOOK_KEYS: phonebook} if phonebook.exists() else {})


def write(context: Context, path: Path) -> list[str]:
    """Write the archive (0600, a new file); the names in it. FileExistsError when there is one."""
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


def put_back(context: Context, path: Path) -> list[str]:
    """Put back what is missing; the names. What is there stays. tarfile.TarError or OSError when it is no archive."""
    made = []
    with tarfile.open(path, mode="r:gz") as archive:
        for entry in archive.getmembers():
            target = _target(context, entry.name)
            source = archive.extractfile(entry) if entry.isfile() else None
            if target is None or source is None or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(new_private(target), "wb") as file:
                file.write(source.read())
            made.append(entry.name)
    return made


def _target(context: Context, name: str) -> Path | None:
    """Where a name of the archive belongs; None for one that this program would never have written."""
    if name == PHONEBOOK_KEYS:
        return PhonebookSettings().keys_path(context.shared)
    folder, _, last = name.rpartition("/")
    if (folder == "" and last in BESIDE) or (folder == "keys" and last not in {"", ".", ".."}):
        return context.home / name
    return None
