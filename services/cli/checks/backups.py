"""How old the last backup is, and whether it is where it was put; and a restore that was not brought to its end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.copies import last, manifest, marks
from services.cli.errors import Failure
from services.runtime.postgres import StoreError

#: A backup a night, with two hours of patience; a week without one is no accident any more.
LATE, NONE = timedelta(hours=26), timedelta(days=7)
_DO = "tocsin backup DIR --keys FILE, each night; the keys kept elsewhere"


def look(context: Context) -> Iterator[Found]:
    """The last backup of this realm."""
    found = last.read(context.home)
    if found is None:
        yield mind("backup", f"{context.realm} has never been backed up from here", _DO)
        return
    age = datetime.now(UTC) - found.at
    says = f"the last one is {_age(age)} old, in {found.folder}"
    if not (Path(found.folder) / manifest.MANIFEST).exists():
        yield mind(
            "backup", f"the last one ({_age(age)} old) is not in {found.folder} any more", "was it moved? " + _DO
        )
    elif age > NONE:
        yield bad("backup", says, _DO)
    else:
        yield mind("backup", says, _DO) if age > LATE else good("backup", says)


def restores(context: Context) -> Iterator[Found]:
    """Stores that a restore has begun with and not finished: none of their rooms may start. Nothing without such."""
    try:
        rooms = marks.unfinished(context)
    except (ValidationError, StoreError, Failure, OSError):
        return  # `configuration` says it
    if rooms:
        says = f"a restore is at work, or broke off: the stores of {', '.join(rooms)} are marked, and serve no room"
        yield bad(
            "restore", says, "wait for it; where nobody restores now: tocsin restore DIR --keys FILE --over, again"
        )


def _age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"  # noqa: PLR2004 - two days
