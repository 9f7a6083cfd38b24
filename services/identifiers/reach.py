"""Phones, addresses and pages by which one person is reached; those of agencies are what an alert is for."""

import re
from collections.abc import Iterator

from services.identifiers.cues import AGENCY, WHO
from services.identifiers.finding import Kind, Span
from services.identifiers.names import given_names
from services.identifiers.sentences import Sentence

_PHONE = re.compile(
    r"(?<![\w.-])((?:\+?\d{1,2}[ .-])?(?:\(\d{3}\)\s?|\d{3}[ .-])?\d{3}[ .-]\d{4}"
    r"|\+\d{1,3}(?:[ .-]?\d{2,4}){2,5}|0\d{2,4}[ -]?\d{3,4}[ -]?\d{2,4})(?![\w-])"
)
_EMAIL = re.compile(r"\b([\w.+-]+@[\w-]+(?:\.[\w-]+)+)\b")
_FREE = re.compile(
    r"@(?:gmail|yahoo|hotmail|outlook|aol|icloud|live|msn|proton(?:mail)?|gmx|ymail|comcast)\.", re.IGNORECASE
)
_PAGE = re.compile(
    (
        r"((?:https?://)?(?:www\.|m\.)?(?:facebook|instagram|twitter|x|tiktok|linkedin|youtube|snapchat"
        r"|caringbridge|gofundme|myspace)\.(?:com|org)/[\w.@/?=&%+-]+)"
    ),
    re.IGNORECASE,
)
_THEM = (
    rf"(?:(?:the|his|her|their|el|la|su|al|del|a la|de la)\s+)?(?:[\w-]+(?:'s|\u2019s)?\s+){{0,2}}?(?:{WHO}"
    r"|family|familia|her|him)\b"
)
_TO_PERSON = re.compile(
    r"\b(?:reach|call|contact|text|phone|fax|e-?mail|write|notify|llame|llamar|contacte|contactar"
    rf"|escriba|escribir)(?:\s+to)?(?:\s+a)?\s+{_THEM}"
)
_THEIRS = re.compile(
    r"\b(?:his|her|patient'?s?|their|su|sus)\s+(?:\w+\s+){0,2}?(?:cell|phone|mobile|number"
    r"|telephone|home|e-?mail|page|profile|account|teléfono|celular|correo|número)\b"
    rf"|\b{WHO}(?:'s|\u2019s)?\s+(?:\w+\s+){{0,3}}?(?:can be reached|is reachable|reachable|phone|cell"
    r"|telephone|e-?mail)\b"
)
#: Somebody's relative, right before a number: `Tim (the patient's son) on …`.
_RELATIVE = re.compile(
    r"\b(?:mother|father|mom|dad|son|daughter|brother|sister|wife|husband|spouse|widow|widower"
    r"|partner|aunt|uncle|cousin|madre|padre|hij[oa]|herman[oa]"
    r"|espos[oa]|viud[oa]|abuel[oa])\b"
)
#: `Contact John at …`, where the sentence is about one person.
_BY_NAME = re.compile(r"\b(?i:contact|call|reach|text)\s+([A-Z][a-záéíóúñ]+)\s+(?:at|on)\b")
_HANDLE = re.compile(r"(?<![\w@.])(@\w{4,30})\b")
_NEAR, _BESIDE = 90, 40


def find(sentence: Sentence, names: list[Span]) -> Iterator[Span]:
    """Ways to reach a person in one sentence; `names` are the persons found in it."""
    text = sentence.text
    ways = [(Kind.PHONE, match) for match in _PHONE.finditer(text)] if sentence.has_digit else []
    ways.extend((Kind.EMAIL, match) for match in _EMAIL.finditer(text) if "@" in text)
    if ways:
        ties = [
            match.end() for pattern in (_TO_PERSON, _THEIRS, _RELATIVE) for match in pattern.finditer(sentence.lower)
        ]
        named = [span.end - sentence.start for span in names]
        if sentence.about_one:
            ties.extend(match.end() for match in _BY_NAME.finditer(text) if match.group(1) in given_names())
        for kind, match in ways:
            if _tied(text, match.start(), ties, named) or (kind is Kind.EMAIL and _own(sentence, match.group(1))):
                yield Span(sentence.start + match.start(1), sentence.start + match.end(1), _fax(text, match, kind))
    if sentence.about_one and ("/" in text or "@" in text):
        for match in (*_PAGE.finditer(text), *_HANDLE.finditer(text)):
            yield Span(sentence.start + match.start(1), sentence.start + match.end(1), Kind.URL)


def _tied(text: str, at: int, ties: list[int], named: list[int]) -> bool:
    """Whether a person's word or name stands before it, with no agency between."""
    before = [end for end in ties if 0 <= at - end <= _NEAR] + [end for end in named if 0 <= at - end <= _BESIDE]
    return bool(before) and AGENCY.search(text, max(before), at) is None


def _own(sentence: Sentence, address: str) -> bool:
    return sentence.about_one and _FREE.search(address) is not None


def _fax(text: str, match: re.Match[str], kind: Kind) -> Kind:
    return Kind.FAX if kind is Kind.PHONE and re.search(r"\bfax\b", text[: match.start()], re.IGNORECASE) else kind
