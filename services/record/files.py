"""Static files, each written whole or not at all, and only where something changed."""

import os
import re
from pathlib import Path

from services.record.rendering import Files

#: Names come from lineages, which come from records: nothing else may become a path.
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}(\.html|\.json|/index\.html)")


class UnsafeNameError(ValueError):
    """A lineage that is no file name."""


def write(folder: Path, files: Files) -> int:
    """Write `files` under `folder`; how many changed. OSError when the disk refuses, UnsafeNameError for odd names."""
    for name in files:
        if not SAFE.fullmatch(name):
            raise UnsafeNameError("a lineage with signs that no file name may have is not shown")
    return sum(_write(folder / name, content) for name, content in files.items())


def _write(path: Path, content: bytes) -> bool:
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
    return True
