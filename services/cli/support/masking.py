"""What may leave the house: known words and numbers of known kinds. Everything else is left out, not cleaned.

A filter that looks for secrets misses the next one. So a log line keeps the fields that are named here, a setting its
value only where its type has no room for a name; what is written in sentences loses what looks like a person's.
"""

import json
import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

#: Fields of a log line whose values come from closed sets, or are ids that this house has made.
KEPT = frozenset({
    "event", "level", "timestamp", "room", "realm", "replica", "error", "cause", "places", "cause_places", "rule",
    "topic", "origin", "work", "serial", "version", "revision", "topics_made", "channel", "status", "reason", "state",
    "logger", "lineage", "correlation",
})  # fmt: skip
#: One word of our own making: a room, a topic, an id, the type of an error. No sentence is one.
_WORD = re.compile(r"[A-Za-z0-9_.:#/+-]{1,200}")
#: A place in the code, `path:line function`; of its path the file alone is kept.
_PLACE = re.compile(r"(?:.*/)?([A-Za-z0-9_.-]+/[A-Za-z0-9_]+\.py:\d+ [A-Za-z0-9_<>]+)")
_PHONE = re.compile(r"\+?\d[\d ().-]{6,}\d")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
#: As long as a number of a phone with its country; a moment, an offset and a place have none without a letter or mark.
_DIGITS = re.compile(r"(?<![0-9a-f])\+?\d{9,15}(?![0-9a-f])")
_HIDDEN = "[left out]"


def log_line(line: str) -> str:
    """One line of a room's log, with what may leave."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return json.dumps({"event": f"[a line that is not ours, {len(line)} characters]"})
    return json.dumps({name: _kept(value) for name, value in found.items() if name in KEPT})


def _kept(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list):
        return [_kept(each) for each in value]
    if isinstance(value, str):
        place = _PLACE.fullmatch(value)
        return place[1] if place else value if _WORD.fullmatch(value) and not _DIGITS.search(value) else _HIDDEN
    return value if isinstance(value, int | float) or value is None else _HIDDEN


def sentence(text: str, secrets: Iterable[str]) -> str:
    """A finding's sentence, without secrets, numbers of phones and addresses of mail."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return _MAIL.sub(_HIDDEN, _PHONE.sub(_HIDDEN, text))


def setting(field: FieldInfo, value: object) -> object:
    """What may be said of a setting's value: all of it, where its type has no room for a name."""
    if value is None or value == field.default:
        return "default"
    if isinstance(value, bool | int | float | Enum) or _is_choice(field):
        return value.value if isinstance(value, Enum) else value
    return "set (secret)" if isinstance(value, SecretStr) else f"set ({len(str(value))} characters)"


def _is_choice(field: FieldInfo) -> bool:
    found = get_args(field.annotation)
    return bool(found) and all(isinstance(each, str) for each in found)
