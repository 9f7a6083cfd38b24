"""When a contact answers: its opening times, and whether one moment lies in them. Pure: moment and zone are given."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from services.place.reading import Line

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_TIMES = re.compile(rf"({_DAY})(?:-({_DAY}))? ([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class Opening(NamedTuple):
    """On these days of the week (0 is Monday), from `start` to `end` in minutes; an earlier end is the next day's."""

    days: frozenset[int]
    start: int
    end: int


def read_opening(text: str) -> Opening:
    """The opening times in "mon-fri 08:00-20:00" or "sat 22:00-06:00"; ValueError for anything else."""
    found = _TIMES.fullmatch(text)
    if found is None:
        raise ValueError(f"“{text}” is no opening time: write it as mon-fri 08:00-20:00")
    first = DAYS.index(found[1])
    last = DAYS.index(found[2]) if found[2] else first
    days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    start, end = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
    if end > 24 * 60 or start == end:
        raise ValueError(f"“{text}”: a day has 24 hours, and an end is no start; day and night is the word always")
    return Opening(days, start, end)


def _readable(text: str) -> str:
    read_opening(text)
    return text


#: "always", "unknown" (nobody has asked), or the times of a week.
Opens = Literal["always", "unknown"] | tuple[Annotated[Line, AfterValidator(_readable)], ...]


def is_open(opens: Opens, at: datetime, zone: ZoneInfo) -> bool:
    """Whether somebody answers at that moment; where nobody has asked, nobody can say so."""
    if isinstance(opens, str):
        return opens == "always"
    here = at.astimezone(zone)
    return any(_covers(opening, here) for opening in _openings(opens))


def _openings(opens: Iterable[str]) -> Iterable[Opening]:
    return map(read_opening, opens)


def _covers(opening: Opening, here: datetime) -> bool:
    minute = here.hour * 60 + here.minute
    today, yesterday = here.weekday(), (here - timedelta(days=1)).weekday()
    if opening.start < opening.end:
        return today in opening.days and opening.start <= minute < opening.end
    return (today in opening.days and minute >= opening.start) or (yesterday in opening.days and minute < opening.end)
