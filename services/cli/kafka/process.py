"""Finding a process again that this one, or another one, has started; and waiting for it."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def find_process(pid_file: Path, argument: str) -> psutil.Process | None:
    """The live process whose id stands in `pid_file`, if `argument` is one of its own.

    A process that has ended leaves its number to the next that starts, so the number alone proves nothing.
    """
    try:
        return live_process(pid_file.read_text(encoding="ascii"), argument)
    except FileNotFoundError:
        return None


def live_process(number: str, argument: str) -> psutil.Process | None:
    """The same of a number that stands elsewhere; in a container it may be another program's, too."""
    try:
        process = psutil.Process(int(number))
        alive = process.status() != psutil.STATUS_ZOMBIE and argument in process.cmdline()
    except (ValueError, psutil.Error):
        return None
    return process if alive else None


def wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Asks 40 times a second until `condition` holds (True) or `timeout` seconds are over (False)."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.025)
    return True
