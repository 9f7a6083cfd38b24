"""Which country a message says that it comes from: not by what it draws, but by names, codes and language.

Sources: WMO's register of alerting authorities numbers them `2.49.0.<n>.<ISO 3166-1 numeric>`
(https://alertingauthority.wmo.int); a domain's last label is a country's (RFC 1591); German warnings begin with `DE-`;
regions in language tags are RFC 5646 §2.2.4's.
"""

import re
from collections.abc import Iterator

from schemas.cap import CapAlert
from services.intake import gazetteer
from services.intake.gazetteer import Box

_OID = re.compile(r"2\.49\.0\.\d+\.(\d{1,3})(?:\.|$)")
_DOMAIN = re.compile(r"(?:^|[@./])[\w-]+\.([a-z]{2})(?:/|$)", re.IGNORECASE)
#: Where anybody has an address: its country says nothing.
_MAIL = re.compile(r"(?:^|[@.])(?:yahoo|gmail|hotmail|outlook|live|msn|gmx|web|orange|free|mail|aol)\.[\w.]+$")
_PREFIX = re.compile(r"^(DE)-[A-Z]{2}-")
#: Two letters that are a country's, and in use for something else or for another country too.
_NO_COUNTRY = frozenset({"EU", "IO", "TV", "ME", "CO", "AI", "FM", "AM", "LY", "CC", "WS", "TO"})
_ISO_OF_DOMAIN = {"UK": "GB"}
#: Countries whose alerts also speak for others: the United States for their territories, and so on.
_WITH = {
    "US": ("PR", "VI", "GU", "AS", "MP", "FM", "MH", "PW", "UM"),
    "FR": ("PF", "NC", "WF", "MF", "BL", "PM"),
    "GB": ("GG", "JE", "IM", "GI", "FK"),
    "DK": ("FO", "GL"),
    "NL": ("AW", "CW", "SX"),
    "CN": ("HK", "MO", "TW"),
    "FI": ("AX",),
    "AU": ("NF", "CX", "CC"),
    "NZ": ("CK", "NU", "TK"),
}
#: Languages that are at home in few countries, all of them in one part of the world; others say nothing of where.
_HOMES = {
    "bg": "BG", "bn": "BD IN", "cs": "CZ", "da": "DK", "de": "DE AT CH LI LU BE IT", "dv": "MV", "el": "GR CY",
    "et": "EE", "fi": "FI", "fil": "PH", "he": "IL PS", "hi": "IN", "hr": "HR BA", "hu": "HU", "hy": "AM",
    "id": "ID", "is": "IS", "it": "IT CH SM", "ja": "JP", "ka": "GE", "kk": "KZ", "km": "KH", "ko": "KR KP",
    "lo": "LA", "lt": "LT", "lv": "LV", "mk": "MK", "mn": "MN", "ms": "MY BN SG", "my": "MM", "nb": "NO", "ne": "NP",
    "nn": "NO", "no": "NO", "pl": "PL", "ro": "RO MD", "si": "LK", "sk": "SK", "sl": "SI", "sq": "AL XK",
    "sr": "RS BA ME", "sv": "SE FI", "th": "TH", "tl": "PH", "tr": "TR CY", "uk": "UA", "ur": "PK IN", "uz": "UZ",
    "vi": "VN",    "zh": "CN TW HK MO SG MY",
}  # fmt: skip


def named_countries(alert: CapAlert) -> frozenset[str]:
    """Two letters of each country that the message's names stand for: strong evidence."""
    return frozenset(one for one in _named(alert) if gazetteer.country(one))


def _named(alert: CapAlert) -> Iterator[str]:
    for text in (alert.identifier, alert.sender):
        for number in _OID.findall(text):
            yield gazetteer.country_of_number(number) or ""
        if prefix := _PREFIX.match(text):
            yield prefix.group(1)
    for label in () if _MAIL.search(alert.sender) else _DOMAIN.findall(alert.sender):
        letters = _ISO_OF_DOMAIN.get(label.upper(), label.upper())
        if letters not in _NO_COUNTRY:
            yield letters


def spoken_countries(alert: CapAlert) -> frozenset[str]:
    """Countries in which its languages are at home: weak evidence, enough to tell swapped axes."""
    found: set[str] = set()
    for info in alert.info:
        primary, *rest = info.language.split("-")
        region = next((part for part in rest if len(part) == 2 and part.isalpha()), None)  # noqa: PLR2004
        found.update([region.upper()] if region else _HOMES.get(primary.lower(), "").split())
    return frozenset(one for one in found if gazetteer.country(one))


def boxes_of(countries: frozenset[str], margin: float) -> tuple[Box, ...]:
    """Their boxes with a margin in degrees, those of their territories among them."""
    letters = {other for one in countries for other in (one, *_WITH.get(one, ()))}
    return gazetteer.outline((box for one in sorted(letters) for box in gazetteer.country(one)), margin)
