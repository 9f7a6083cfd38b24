"""The identifier gate over what compose has written: slots, parameters and the issuer's words meet in it.

A text that may identify a person is held: its approver sees it, and gives a reason for sending it nevertheless.
"""

import re
from collections.abc import Iterable, Iterator

from schemas.alert import Finding, Span
from schemas.broadcast import Rendition
from schemas.words import Grade
from services.identifiers import finding as identifiers
from services.identifiers.detect import find
from services.place.jurisdiction import Jurisdiction

RULE = "text.personal"
_SOURCE = "45 CFR 164.514(b)(2), https://www.ecfr.gov/current/title-45/section-164.514"


def findings(renditions: Iterable[Rendition], place: Jurisdiction) -> Iterator[Finding]:
    """One finding for each text in which a person may be recognised; the same text is looked at once.

    The names of places and offices of `place` are reviewed, and nobody's: Isla Verde is no woman there.
    """
    seen, ours = set[str](), _names(place)
    for rendition in renditions:
        for text in rendition.parts:
            if text in seen:
                continue
            seen.add(text)
            if found := [one for one in find(text) if not _inside(text, one, ours)]:
                spans = tuple(Span(kind=one.kind.value, start=one.start, end=one.end) for one in found)
                where = ", ".join(f"{one.kind} at {one.start + 1} to {one.end}" for one in spans)
                says = f"the text for {rendition.channel} in {rendition.language} may identify a person ({where})"
                yield Finding(
                    rule=RULE, grade=Grade.HOLD, element=f"{rendition.channel}/{rendition.language}", says=says,
                    source=_SOURCE, spans=spans,
                )  # fmt: skip


def _names(place: Jurisdiction) -> tuple[str, ...]:
    regions = [words for area in place.areas for words in (area.names, area.parts)]
    return tuple({name for words in (place.names, place.issuer, *regions) for name in words.values()})


def _inside(text: str, span: identifiers.Span, names: Iterable[str]) -> bool:
    """Whether one of the names stands around the whole of it."""
    return any(
        match.start() <= span.start and span.end <= match.end()
        for name in names
        for match in re.finditer(re.escape(name), text)
    )
