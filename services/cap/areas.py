"""An alert's areas: all of them, and the one hash of what they draw that every room computes alike.

A Broadcast names the hash, never the polygons: real ones take up to 1.7 MB.
"""

import hashlib
from collections.abc import Iterable, Iterator

from schemas.cap import Area, CapAlert


def areas_of(alert: CapAlert) -> Iterator[Area]:
    """The areas of every info, in order."""
    return (area for info in alert.info for area in info.area)


def geometry_hash(areas: Iterable[Area]) -> str | None:
    """SHA-256 over the polygons and circles as CAP wrote them, a line each, its kind first; None without any."""
    lines = [f"{kind} {text}" for a in areas for kind in ("polygon", "circle") for text in getattr(a, kind)]
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else None
