"""Moments as people of one place and language read them, by patterns that are reviewed data."""

from dataclasses import dataclass
from datetime import datetime

from services.compose.words import Words
from services.place.jurisdiction import Jurisdiction

NOON = 12


@dataclass(frozen=True)
class Times:
    """Shows moments of any zone in the jurisdiction's."""

    words: Words
    place: Jurisdiction

    def clock(self, at: datetime) -> str:
        """The time of day: 2:05 PM or 14:05."""
        here = self._here(at)
        if self.place.clock == NOON:
            return self.words.clock12.format(hour=_hour(here), minute=f"{here.minute:02}", half=self._half(here))
        return self.words.clock24.format(hour=f"{here.hour:02}", minute=f"{here.minute:02}")

    def moment(self, at: datetime) -> str:
        """Day and time: Nov 24, 2:05 PM."""
        return self.words.moment.format(**self._day(at), clock=self.clock(at))

    def seen_from(self, at: datetime, now: datetime) -> str:
        """The time alone where `now` is the same day, else with its day."""
        return self.clock(at) if self._here(at).date() == self._here(now).date() else self.moment(at)

    def period(self, start: datetime, end: datetime) -> str:
        """From when to when; the day, and AM or PM, once where both ends share them."""
        if self._here(start).date() != self._here(end).date():
            return self.words.days_apart.format(moment=self.moment(start), moment_end=self.moment(end))
        if self.place.clock == NOON and self._half(self._here(start)) == self._half(self._here(end)):
            ends = {name: f"{_hour(at)}:{at.minute:02}" for name, at in self._both(start, end)}
            return self.words.same_half.format(**self._day(start), **ends, half=self._half(self._here(start)))
        return self.words.same_day.format(moment=self.moment(start), clock=self.clock(end))

    def _both(self, start: datetime, end: datetime) -> tuple[tuple[str, datetime], tuple[str, datetime]]:
        return ("start", self._here(start)), ("end", self._here(end))

    def _day(self, at: datetime) -> dict[str, str]:
        here = self._here(at)
        return {"month": self.words.months[here.month - 1], "day": str(here.day)}

    def _half(self, here: datetime) -> str:
        return self.words.halves[here.hour >= NOON]

    def _here(self, at: datetime) -> datetime:
        return at.astimezone(self.place.zone)


def _hour(here: datetime) -> int:
    return here.hour % NOON or NOON
