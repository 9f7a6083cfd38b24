"""Where a person lives: a street and number, a room, a ZIP code. Where an agency is, is no such place."""

import re
from collections.abc import Iterator

from services.identifiers.finding import Kind, Span
from services.identifiers.sentences import Sentence

_KIND = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Circle"
    r"|Cir|Terrace|Ter|Trail|Parkway|Pkwy|Highway|Hwy|Loop|Row|Alley|Square)"
)
_STREET = re.compile(
    rf"\b(\d{{1,6}}\s+(?:[NSEW]\.?\s+|(?:North|South|East|West)\s+)?(?:[A-Z0-9][\w'.-]*\s+){{1,3}}{_KIND}\b"
    r"|(?i:calle|avenida|av\.|carrera|camino|callejón|paseo|boulevard|colonia"
    r"|col\.)\s+(?:[A-ZÁÉÍÓÚÑ][\wáéíóúñ.]*\s+){1,4}(?i:#|no\.?|núm\.?|número)?\s?\d{1,5})"
)
_ROOM = re.compile(
    (
        r"\b((?:room|rm|apt|apartment|unit|bed|cell|departamento|depto|dpto|apto|habitación|cuarto"
        r"|cama)\.?\s+#?(?=\w*\d)\w{1,5})\b"
    ),
    re.IGNORECASE,
)
_ZIP = re.compile(
    r"\b(?:ZIP(?: code)?|código postal|C\.?P\.?)[: ]+(\d{5}(?:-\d{4})?)\b|\b[A-Z]{2} (\d{5}(?:-\d{4})?)\b",
    re.IGNORECASE,
)
_LIVES = re.compile(
    r"\b(?:lives?|lived|living|resid(?:es|ed|ing)|residence|home(?! (?:page|test))|house|home address"
    r"|apartment|resident of|neighbor at|address is|moved to|stays? at"
    r"|vive|vivía|reside|residente|domicilio|su casa|dirección es|hogar)\b(?!s of)",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"\b(?:residents|people|anyone|customers|homes|visitors|residentes|personas|hogares|vecinos)\b", re.IGNORECASE
)
_VENUE = re.compile(
    (
        r"\b(?:clinic|bureau|laboratories|department|station|center|centre|hall|church|school|library"
        r"|pharmacy|shelter|restaurant|store|market|laboratory|office|hospital|visited|exposure"
        r"|exposed at|centro|escuela|iglesia|clínica|farmacia|tienda)\b"
    ),
    re.IGNORECASE,
)
_NEAR = 80


def find(sentence: Sentence, names: list[Span]) -> Iterator[Span]:
    """Places in one sentence; `names` are the persons found in it."""
    if not sentence.has_digit or not (sentence.about_one or names):
        return
    text = sentence.text
    found = [(pattern, match) for pattern in (_STREET, _ROOM, _ZIP) for match in pattern.finditer(text)]
    if not found:
        return
    one = sentence.about_one and _GROUP.search(text) is None
    ties = [match.end() for match in _LIVES.finditer(text)] if one or names else []
    ties.extend(span.end - sentence.start for span in names)
    for pattern, match in found:
        near = [at for at in ties if 0 <= match.start() - at <= _NEAR]
        at_home = bool(near) and _VENUE.search(text, max(near), match.start()) is None
        if at_home or (one and pattern is not _STREET and _VENUE.search(text) is None):
            yield _span(sentence, match)


def _span(sentence: Sentence, match: re.Match[str]) -> Span:
    group = next(number for number, value in enumerate(match.groups(), 1) if value is not None)
    return Span(sentence.start + match.start(group), sentence.start + match.end(group), Kind.GEO)
