"""How X shows a text that was posted: addresses become t.co links, and & < > are escaped as in HTML.

So a look-up never returns the text byte for byte. It comes back by unescaping the text and putting each
`entities.urls[].expanded_url` in the place of its `url`. Escaping: https://github.com/dogsheep/twitter-to-sqlite/issues/21.
"""

import hashlib
import html
from dataclasses import dataclass
from typing import Final, TypedDict

from twitter_text import extract_urls_with_indices

from services.limits.x import LIMIT, count

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TCO_LENGTH: Final = 10


class UrlEntity(TypedDict):
    """One link, with its place in the shown text in code points."""

    start: int
    end: int
    url: str
    expanded_url: str
    display_url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as X gives it back."""

    text: str
    urls: list[UrlEntity]


def too_long(text: str) -> bool:
    """Whether X's weighted count is over 280."""
    return count(text).units > LIMIT.maximum


def shown(text: str, post_id: int) -> Shown:
    """The text with its addresses shortened and its markup escaped."""
    parts: list[str] = []
    urls: list[UrlEntity] = []
    at = length = 0
    for found in extract_urls_with_indices(text):
        begin, end = found["indices"]
        before, link = _escaped(text[at:begin]), _tco(found["url"], post_id, len(urls))
        start = length + len(before)
        length = start + len(link)
        urls.append(_entity(start, length, link, found["url"]))
        parts += [before, link]
        at = end
    return Shown("".join([*parts, _escaped(text[at:])]), urls)


def _entity(start: int, end: int, link: str, url: str) -> UrlEntity:
    expanded = url if "://" in url else f"http://{url}"
    display = expanded.partition("://")[2]
    return {"start": start, "end": end, "url": link, "expanded_url": expanded, "display_url": display}


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _tco(url: str, post_id: int, number: int) -> str:
    value = int.from_bytes(hashlib.sha256(f"{post_id} {number} {url}".encode()).digest()[:8])
    letters = []
    for _ in range(_TCO_LENGTH):
        value, digit = divmod(value, 62)
        letters.append(_BASE62[digit])
    return "https://t.co/" + "".join(letters)
