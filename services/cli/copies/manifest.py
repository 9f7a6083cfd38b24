"""What a backup holds, and how it is found damaged: `manifest.json` beside the copies, written last."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from schemas.words import Realm

MANIFEST = "manifest.json"
#: The form of what this version writes and reads.
V = 1
#: By group, then topic, then partition: the offset up to which a store's copy has surely handled it.
Offsets = dict[str, dict[str, dict[str, int]]]


class DamagedError(Exception):
    """The backup cannot be used; the sentence says why."""


@dataclass(frozen=True)
class StoreCopy:
    """One store. `rows` by table; `structure` is the number of `services.runtime.structure`, 0 where it has none."""

    room: str
    kind: Literal["sqlite", "postgresql"]
    structure: int
    rows: dict[str, int]


@dataclass(frozen=True)
class Manifest:
    """`at` is when the first store was begun: whatever was committed before it is in the copies."""

    realm: Realm
    at: datetime
    tocsin: str
    stores: tuple[StoreCopy, ...]
    #: Null where Kafka did not answer: then everything that the topics still hold is read again.
    offsets: Offsets | None
    #: SHA-256 and size of every file, by its path.
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    v: int = V

    @property
    def rows(self) -> int:
        """Rows of all stores."""
        return sum(sum(store.rows.values()) for store in self.stores)


def write(folder: Path, manifest: Manifest) -> Manifest:
    """Write `manifest` with the hashes of everything in `folder`; the manifest as it was written."""
    full = replace(manifest, files={name: _hash(folder / name) for name in files_in(folder)})
    text = json.dumps(asdict(full), default=_plain, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n")
    return full


def read(folder: Path) -> Manifest:
    """The manifest, once every file was found as it was written. DamagedError with a sentence otherwise."""
    try:
        raw = json.loads((folder / MANIFEST).read_text())
        manifest = Manifest(
            realm=Realm(raw["realm"]), at=datetime.fromisoformat(raw["at"]), tocsin=raw["tocsin"],
            stores=tuple(StoreCopy(**each) for each in raw["stores"]), offsets=raw["offsets"],
            files={name: (digest, size) for name, (digest, size) in raw["files"].items()}, v=raw["v"],
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(
            f"{folder} holds no whole backup ({type(error).__name__}): {MANIFEST} is written last"
        ) from None
    if manifest.v != V:
        raise DamagedError(
            f"{folder} is of another form ({manifest.v}) than this version reads ({V}): restore with the version that "
            f"made it ({manifest.tocsin})"
        )
    for name, written in manifest.files.items():
        if not (folder / name).is_file() or _hash(folder / name) != written:
            raise DamagedError(f"{folder / name} is not as it was written: use another backup")
    return manifest


def newest(folder: Path, realm: Realm) -> Path:
    """The folder of one backup: `folder` itself, or the newest of `realm` in it. DamagedError when there is none."""
    if (folder / MANIFEST).exists():
        return folder
    if found := _of(folder, realm):
        return found[-1]  # their names end with the moment
    others = [f"; it has a backup of {each}: say --realm {each}" for each in Realm if _of(folder, each)]
    raise DamagedError(
        f"{folder} holds no backup of {realm}: there is no {MANIFEST} in it or in a folder {realm}-… of it"
        + "".join(others)
    )


def _of(folder: Path, realm: Realm) -> list[Path]:
    return sorted(each.parent for each in folder.glob(f"{realm}-*/{MANIFEST}"))


def files_in(folder: Path) -> Iterator[str]:
    """Every file but the manifest, by its path in `folder`."""
    yield from sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def _hash(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest(), path.stat().st_size


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
