"""Time, given from outside so that tests can move it.

Two clocks, never compared with each other. `now` is the wall clock: it names moments in records and decides expiry.
`boottime` measures durations: it counts suspended time and cannot step (PEP 418, https://peps.python.org/pep-0418/);
`time.monotonic()` stands still while a Linux machine sleeps.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

#: Linux: CLOCK_BOOTTIME. macOS: CLOCK_MONOTONIC_RAW counts sleep there (mach_continuous_time).
_BOOT: int = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC_RAW", time.CLOCK_MONOTONIC))


class Clock(Protocol):
    """What decisions may ask of time."""

    def now(self) -> datetime:
        """The wall clock, UTC."""
        ...

    def boottime(self) -> float:
        """Seconds since an arbitrary moment, suspended time included."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    def boottime(self) -> float:
        """Seconds since the machine started, suspended time included."""
        return time.clock_gettime(_BOOT)
