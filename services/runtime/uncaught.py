"""What Python would print by itself of errors that nobody caught and of warnings: their words, which may hold a number.

A room's process calls `watch` before it builds anything, and what is logged meanwhile has its form from then on.
"""

import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import TextIO

from services.runtime.logging import configure, tell


def watch() -> None:
    """From now on they are lines of the log, by type and place, and the last one a sentence too."""
    configure("INFO")
    sys.excepthook = _process
    threading.excepthook = _thread
    sys.unraisablehook = _unraisable
    warnings.showwarning = _warning


def _process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The process ends with status 1 after this."""
    tell("process.failed", error)
    last = traceback.extract_tb(trace)[-1:]
    where = "".join(f" at {frame.filename}:{frame.lineno}" for frame in last)
    print(f"tocsin: ended by {kind.__name__}{where}; the line before has the way there", file=sys.stderr, flush=True)  # noqa: T201 - for whoever runs it


def _thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_type is not SystemExit:
        tell("thread.failed", given.exc_value, kind=given.exc_type.__name__)


def _unraisable(given: "sys.UnraisableHookArgs") -> None:
    tell("error.unraisable", given.exc_value, kind=given.exc_type.__name__)


def _warning(  # noqa: PLR0917 - Python calls it so
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
    line: str | None = None,
) -> None:  # fmt: skip
    del message, file, line
    tell("python.warning", None, level="warning", kind=category.__name__, place=f"{filename}:{lineno}")
