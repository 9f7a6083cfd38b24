"""Files that hold keys or people's data: nobody but their owner reads them, from their first byte on."""

import os
from pathlib import Path

MODE = 0o600


def new_private(path: Path | str) -> int:
    """The descriptor of a new file (0600). FileExistsError when there is one, OSError when it cannot be made."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
