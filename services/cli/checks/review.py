"""Guidance and contacts: what is past its day of review holds alerts."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import ValidationError

from services.cli.checks.finding import Found, bad, good
from services.compose import library
from services.compose.settings import ComposeSettings
from services.place.reading import DataError


def look() -> Iterator[Found]:
    """Every guidance pack, and every contact that the jurisdiction uses."""
    try:
        settings = ComposeSettings()
    except (ValidationError, OSError):
        return  # `configuration` says it
    try:
        shelves = library.read(settings)
    except (DataError, OSError) as error:
        yield bad("guidance", f"compose cannot read its data: {error}", "correct the file that it names")
        return
    overdue = shelves.overdue(datetime.now(UTC).date())
    for name in overdue:
        yield bad(
            "guidance", f"{name} is past its day of review: alerts with it are held", "review it, and date it anew"
        )
    if not overdue:
        yield good("guidance", f"{len(shelves.packs)} packs for {shelves.jurisdiction.id}, all within review")
