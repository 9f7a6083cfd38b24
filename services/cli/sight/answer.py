"""What one process of a room says of itself."""

from dataclasses import dataclass
from typing import NamedTuple


class Sample(NamedTuple):
    """One series and its value."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Answer:
    """One answer. `missing` is empty when it is ready; a process that does not answer has no samples."""

    missing: tuple[str, ...]
    samples: tuple[Sample, ...] = ()
    #: Who gave it: replicas are told apart by their private doors.
    door: str = ""
