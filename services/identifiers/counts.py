"""Counts so small, in places so small, that everybody there knows who is meant.

Common practice hides counts below 5 or 11 (small cells, https://www.cdc.gov/nchs/); a county is no small place here.
"""

import re
from collections.abc import Iterator

from services.identifiers.finding import Kind, Span
from services.identifiers.sentences import Sentence

_FEW = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|[1-9]|10|un|una|dos|tres|cuatro|cinco|seis"
    r"|siete|ocho|nueve|diez)"
)
_CASES = (
    r"(?:cases?|deaths?|patients?|infections?|residents?|students?|people|persons?|person|children"
    r"|personas?|casos?|muertes?|pacientes?|contagios?|infectados?)"
)
_SMALL = (
    r"(?:village|hamlet|zip(?: code)?|nursing home|care home|retirement home|apartment(?: building"
    r"| complex)?|trailer park|block|census tract"
    r"|kindergarten|daycare|day care|classroom|dormitory|small town|tribe|reservation|street|neighbou?rhood"
    r"|pueblo|aldea|caserío|ranchería|colonia|barrio|vereda|asilo|guardería|comunidad|código postal|calle|ejido)"
)
_COUNT = re.compile(
    (
        rf"\b({_FEW}\s+(?:(?:new|confirmed|probable|suspected|more|further|nuevos?"
        rf"|confirmados?)\s+)*{_CASES})\b(?! (?:per|por))[^.;]{{0,50}}?\b(?:in|at|from|of|among|en"
        rf"|del?)\s+(?:the |a |an |el |la |un |una )?(?!every|each|cada)(?:[\w'-]+\s+){{0,2}}?{_SMALL}\b"
    ),
)

_TINY = re.compile(
    r"\b((?:(?:the |el |la )?(?:only|sole|single|único|única) "
    rf"|{_FEW}\s+(?:\w+ )?){_CASES})\b[^.;]{{0,60}}\((?:population|población)[: ](?:of "
    rf"|de )?\d{{1,2}},?\d{{0,3}}\)"
)
_IN_A_ZIP = re.compile(rf"\b(?:zip(?: code)?|código postal) \d{{5}}\b[^.;]{{0,40}}?\b({_FEW}\s+(?:\w+ )?{_CASES})\b")
#: People are only counted here when they are ill.
_PEOPLE = re.compile(r"people|persons?|children|residents?|students?|personas?")


def find(sentence: Sentence) -> Iterator[Span]:
    """Small counts in one sentence."""
    for match in (
        *_COUNT.finditer(sentence.lower),
        *_TINY.finditer(sentence.lower),
        *_IN_A_ZIP.finditer(sentence.lower),
    ):
        if _PEOPLE.search(match.group(1)) and not sentence.ill:
            continue
        yield Span(sentence.start + match.start(1), sentence.start + match.end(1), Kind.COUNT)
