"""How the text of one element becomes a value, and back.

A reader returns the value, or raises Unreadable with what would be right. It says through `note` what it forgave.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from schemas.cap import Reference
from services.cap import references, times

Say = Callable[[str, str], None]

#: A tag for a language that its sender did not name in a way that anybody can look up (RFC 5646 §4.1).
UNDETERMINED = "und"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NO_ADDRESS = re.compile(r"[\s<>\"{}|\\^`]")
_SIZE_DIGITS = 15


class Unreadable(Exception):  # noqa: N818 - never leaves this package: the builder turns it into a CapError or a Note
    """This text is no such value."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to read and to write. `read(text, say)`: `say(rule, sentence)` notes what was forgiven."""

    read: Callable[[str, Say], Any]
    write: Callable[[Any], str] = str


def _filled(text: str, _say: Say) -> str:
    if not text:
        raise Unreadable("a text")
    return text


def _name(text: str, say: Say) -> str:
    if re.search(r"[\s,<&]", _filled(text, say)):
        say("name-characters", "holds a blank, comma, < or &, which CAP forbids in names")
    return text


def _any_text(text: str, say: Say) -> str:
    if not text:
        say("empty-element", "is there but empty")
    return text


def _time(text: str, say: Say) -> datetime:
    moment = times.read_time(text)
    if moment is None:
        raise Unreadable(times.EXPECTED)
    if not times.is_strict(text):
        say("time-form", "is not in CAP's form (Z or a fraction of a second); it was understood")
    if text.endswith("+00:00"):
        say("utc-form", "is UTC written as +00:00, where CAP writes -00:00")
    return moment


def _language(text: str, say: Say) -> str:
    tag = text.replace("_", "-")
    if _LANGUAGE.fullmatch(tag) is None:
        say("language-unknown", "is no language tag such as en-US; it was read as undetermined")
        return UNDETERMINED
    if tag != text:
        say("language-form", "has an underscore where a language tag has a hyphen")
    return tag


def _size(text: str, _say: Say) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _SIZE_DIGITS):
        raise Unreadable("a whole number of bytes")
    return int(text)


def _decimal(text: str, _say: Say) -> str:
    if _DECIMAL.fullmatch(text) is None:
        raise Unreadable("feet above mean sea level as a decimal number")
    return text


def _web(text: str, say: Say) -> str:
    if _NO_ADDRESS.search(text):
        raise Unreadable("one web address, for example https://example.org/alert")
    if _SCHEME.match(text) is None:
        say("web-form", "is no full address (https://…)")
    return text


def _references(text: str, say: Say) -> tuple[Reference, ...]:
    found, unreadable = references.read_references(text)
    if len(found) > references.LIMIT:
        raise Unreadable(f"at most {references.LIMIT:,} references")
    if unreadable:
        say("reference-form", f"{unreadable} of its parts cannot be read; expected {references.EXPECTED}")
    return found


_NOT_KNOWN = "Unknown"


def word(kind: type[StrEnum], synonyms: dict[str, str] | None = None) -> Kind:
    """One of a closed set, letter for letter. Where the set has a word for not knowing, another word means that."""
    words = {member.value: member for member in kind}
    known = ", ".join(words)
    other = synonyms or {}

    def read(text: str, say: Say) -> StrEnum:
        if text in other:
            say("old-word", f"has a word of an older CAP; it was read as {other[text]}")
            return words[other[text]]
        if text in words:
            return words[text]
        if text and _NOT_KNOWN in words:
            say("unknown-word", f"has a word that CAP does not have; it was read as Unknown, expected one of {known}")
            return words[_NOT_KNOWN]
        raise Unreadable(f"one of {known}")

    return Kind(read)


FILLED = Kind(_filled)
NAME = Kind(_name)
TEXT = Kind(_any_text)
TIME = Kind(_time, times.write_time)
LANGUAGE = Kind(_language)
SIZE = Kind(_size)
DECIMAL = Kind(_decimal)
WEB = Kind(_web)
REFERENCES = Kind(_references, references.write_references)
