"""What was found where. Kinds are those of 45 CFR 164.514(b)(2)(i): https://www.ecfr.gov/current/title-45/section-164.514."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """HIPAA's identifiers by their letters there, and counts so small that they name somebody."""

    NAME = "name"  # A
    GEO = "geo"  # B: smaller than a state
    DATE = "date"  # C: of birth, admission, discharge, death
    AGE = "age89"  # C: over 89
    PHONE = "phone"  # D
    FAX = "fax"  # E
    EMAIL = "email"  # F
    SSN = "ssn"  # G
    MRN = "mrn"  # H
    PLAN = "plan"  # I
    ACCOUNT = "account"  # J
    LICENCE = "license"  # K
    VEHICLE = "vehicle"  # L
    DEVICE = "device"  # M
    URL = "url"  # N
    IP = "ip"  # O
    BIOMETRIC = "biometric"  # P
    PHOTO = "photo"  # Q
    OTHER = "other"  # R
    COUNT = "count"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` (exclusive) of the text that was looked at."""

    start: int
    end: int
    kind: Kind


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order, without those that another one covers."""
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda one: (one.start, -one.end)):
        if not kept or span.end > kept[-1].end:
            kept.append(span)
    return tuple(kept)


def mask(text: str, spans: Iterable[Span], with_: str = "█") -> str:
    """The text with every character of the spans replaced, so that positions stay what they were."""
    letters = list(text)
    for span in spans:
        letters[span.start : span.end] = with_ * (min(span.end, len(letters)) - span.start)
    return "".join(letters)
