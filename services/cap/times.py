"""CAP's way to write a moment: whole seconds, an offset, and `-00:00` for UTC.

CAP 1.2 §3.3.2, https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html
"""

import re
from datetime import UTC, datetime, timedelta

EXPECTED = "a time with its offset, for example 2026-11-24T06:05:00-08:00"
_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
#: XML Schema's bound on offsets (https://www.w3.org/TR/xmlschema-2/#dateTime).
_LARGEST_OFFSET = timedelta(hours=14)
#: Years that can be moved to any other offset and back.
_YEARS = range(1970, 9999)


def read_time(text: str) -> datetime | None:
    """The moment, with the offset that its sender wrote and without fractions of a second; None if it is no time."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    seconds, _, offset = match.groups()
    try:
        moment = datetime.fromisoformat(seconds + ("+00:00" if offset == "Z" else offset))
    except ValueError:
        return None
    away = moment.utcoffset()
    if away is None or abs(away) > _LARGEST_OFFSET or moment.year not in _YEARS:
        return None
    return moment


def is_strict(text: str) -> bool:
    """Whether a time that can be read also has CAP 1.2's own form: no `Z`, no fraction."""
    return not text.endswith("Z") and "." not in text


def write_time(moment: datetime) -> str:
    """A moment in CAP's form. An offset of odd seconds, which CAP cannot write, becomes UTC."""
    away = moment.utcoffset()
    if not away or away % timedelta(minutes=1) or abs(away) > _LARGEST_OFFSET:
        moment = moment.astimezone(UTC)
    text = moment.isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "-00:00" if text.endswith("+00:00") else text
