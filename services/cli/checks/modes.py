"""Whether a file that holds a secret may be read by others than its owner."""

import stat
from pathlib import Path

#: Mounted there by Docker (0444) and Kubernetes (0440 for the pod's group), in a file system that no other user sees.
MOUNTED = Path("/run/secrets")
_OTHERS = 0o077


def open_to_others(path: Path) -> int | None:
    """Its mode, where others than its owner may read or write it; None where all is well. OSError without a file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    return mode if mode & _OTHERS and not path.absolute().is_relative_to(MOUNTED) else None
