r"""SMS: GSM-7 or UCS-2 segments, as Twilio counts and bills them.

Rule: 3GPP TS 23.038 section 6.2.1 (alphabet and extension table),
https://www.twilio.com/docs/glossary/what-sms-character-limit (160/153 and 70/67) and
https://github.com/TwilioDevEd/message-segment-calculator (no grapheme is split over two
segments). A body has at most 1,600 characters (https://www.twilio.com/docs/api/errors/21617).

One character outside the GSM-7 alphabet, such as Spanish a, i, o or u with an acute accent
(e, n with tilde and the opening marks are inside), turns the whole text into UCS-2. An accent
is never dropped to save a segment: the text is counted as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import regex  # the standard library's `re` has no \X (extended grapheme clusters)

from services.limits.counting import Count, Limit

Encoding = Literal["GSM-7", "UCS-2"]

MAX_CHARACTERS: Final = 1600
"""Twilio's error 21617 begins above this. Counted here in UTF-16 units: never fewer than theirs."""

LIMIT: Final = Limit(
    name="sms",
    unit="segments",
    maximum=10,
    reserve=0,
    source="https://www.twilio.com/docs/glossary/what-sms-character-limit",
)
"""`maximum` is what Twilio joins reliably; what we send is the `SegmentPolicy`'s to say."""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
_GSM_7: Final = _BASIC | _EXTENDED

_SINGLE: Final[dict[Encoding, int]] = {"GSM-7": 160, "UCS-2": 70}
_PART: Final[dict[Encoding, int]] = {"GSM-7": 153, "UCS-2": 67}
_GRAPHEME: Final = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Segments:
    """How one text travels: `units` are septets in GSM-7 and UTF-16 units in UCS-2."""

    encoding: Encoding
    units: int
    segments: int


@dataclass(frozen=True, slots=True)
class SegmentPolicy:
    """The most segments that a text may take, by encoding.

    UCS-2 gets twice as many because it holds less than half as much: a reader whose language
    needs accents is told as much as any other (459 characters against 402).
    """

    gsm_7: int = 3
    ucs_2: int = 6

    def allowed(self, encoding: Encoding) -> int:
        """Return the most segments for this encoding."""
        return self.gsm_7 if encoding == "GSM-7" else self.ucs_2


DEFAULT_POLICY: Final = SegmentPolicy()


def segments(text: str) -> Segments:
    """Count `text` as it is, without any smart encoding; an empty text has no segment."""
    encoding: Encoding = "GSM-7" if _GSM_7.issuperset(text) else "UCS-2"
    sizes = _septets(text) if encoding == "GSM-7" else _utf16_units(text)
    units = sum(sizes)
    if units <= _SINGLE[encoding]:
        return Segments(encoding, units, 1 if units else 0)
    return Segments(encoding, units, _packed(sizes, _PART[encoding]))


def count(text: str, policy: SegmentPolicy = DEFAULT_POLICY) -> Count:
    """Measure `text` against the policy; `limit` is what its encoding could hold at most."""
    found = segments(text)
    allowed = policy.allowed(found.encoding)
    return Count(
        units=found.units,
        limit=_capacity(found.encoding, allowed),
        fits=(0 < found.segments <= allowed and _utf16_length(text) <= MAX_CHARACTERS and not text.isspace()),
        segments=found.segments,
    )


def _capacity(encoding: Encoding, parts: int) -> int:
    return _SINGLE[encoding] if parts == 1 else _PART[encoding] * parts


def _septets(text: str) -> list[int]:
    return [2 if character in _EXTENDED else 1 for character in text]


def _utf16_units(text: str) -> list[int]:
    """Return the size of each piece that stays whole: a grapheme, if it fits into one segment."""
    pieces: list[int] = []
    for grapheme in _GRAPHEME.findall(text):
        size = _utf16_length(grapheme)
        fits = size <= _PART["UCS-2"]
        pieces.extend([size] if fits else [_utf16_length(character) for character in grapheme])
    return pieces


def _utf16_length(text: str) -> int:
    return len(text) + sum(1 for character in text if character > "\uffff")


def _packed(sizes: Iterable[int], capacity: int) -> int:
    """Fill segments in order; a piece that does not fit whole opens the next one."""
    used, room = 1, capacity
    for size in sizes:
        if size > room:
            used, room = used + 1, capacity
        room -= size
    return used
