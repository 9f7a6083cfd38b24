"""A check that fails itself is a finding and not the end of doctor, which is asked just where something is broken."""

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from services.cli.checks.finding import Found, bad
from services.cli.errors import Failure

_SETTINGS = "correct what is said here of the settings, then ask again"
_BEFORE = "set right what is said before it, and ask again; if it stays, it is a mistake in tocsin: report this line"


def guarded(subject: str, check: Callable[[], Iterator[Found]]) -> Iterator[Found]:
    """What `check` finds, and how it ended where it could not: the kind of error and its place, never its words."""
    try:
        yield from check()
    except Failure as failure:  # our own sentence, and what to do is in it
        yield bad(subject, str(failure), "then ask again")
    except SystemExit:  # `services.runtime.settings.load`, which has said on standard error what is wrong
        yield bad(subject, "it was not looked at: a setting that it needs is wrong", _SETTINGS)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        yield bad(subject, f"it could not be looked at ({type(error).__name__} at {_place(error)})", _BEFORE)


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{'/'.join(Path(last.filename).parts[-2:])}:{last.lineno}"
