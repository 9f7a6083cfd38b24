"""The Jinja2 templates of templates/text: one file a kind, channel and language, filled and measured."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from schemas.words import Channel, Kind
from services import limits
from services.place.reading import DataError

_BLANKS_AT_ENDS = re.compile(r" *\n *")
_TWO_STOPS = re.compile(r"(?<=[^.])\.\.(?!\.)")


@dataclass(frozen=True)
class Measured:
    """A finished text in the form in which it is counted, signed and sent. `units`: what the channel bills."""

    text: str
    units: int
    fits: bool


class Texts:
    """All templates of one folder."""

    def __init__(self, folder: Path, segments: limits.SegmentPolicy) -> None:
        """`segments` is the most that a text message may take."""
        self._segments = segments
        self._longest_sms = max(limits.count_sms(letter, segments).limit for letter in ("a", "Ж"))
        # Posts and text messages are plain text: there is no HTML to escape.
        self._environment = Environment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False, trim_blocks=True,  # noqa: S701 - plain text
            lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip

    def render(self, kind: Kind, channel: Channel, language: str, said: Mapping[str, Any]) -> Measured:
        """Fill one template; DataError when there is none, jinja2.UndefinedError when it names what is not given."""
        name = f"{kind}/{channel}.{language}.txt.j2"
        try:
            template = self._environment.get_template(name)
        except TemplateNotFound:
            raise DataError(f"templates/text/{name} is not there: write it, or take {language} out") from None
        return self._measure(channel, limits.normalise(_tidy(template.render(said))))

    def most(self, channel: Channel) -> str:
        """What the channel takes, in words for the list of what is left out."""
        if channel is Channel.SMS:
            return f"{self._segments.gsm_7} segments of GSM-7 or {self._segments.ucs_2} of UCS-2"
        rule = limits.LIMITS[channel]
        return f"{rule.usable} {rule.unit}"

    def _measure(self, channel: Channel, text: str) -> Measured:
        if channel is Channel.SMS:
            if len(text) > self._longest_sms:  # each character takes a unit at least: spares a costly count
                return Measured(text, 0, fits=False)
            counted = limits.count_sms(text, self._segments)
            return Measured(text, counted.segments, counted.fits)
        counted = limits.count(channel, text)
        return Measured(text, counted.units, counted.fits)


def _tidy(text: str) -> str:
    """An abbreviation ends its sentence: "p. m." takes no second full stop; what is left out leaves no blank behind."""
    return _BLANKS_AT_ENDS.sub("\n", _TWO_STOPS.sub(".", text))


def hopeless(channel: Channel, text: str) -> bool:
    """Whether plain words alone are already more than the channel takes: spares a costly count."""
    most = limits.sms.MAX_CHARACTERS if channel is Channel.SMS else limits.LIMITS[channel].usable
    return len(text) > most
