"""Which guidance pack an alert needs, how sure that is, and why. Unsure is for a person.

A word of `never` rules a pack out whatever else fits: "boil water notice lifted" must not tell people to boil, and
"do not drink" is the hazard in which boiling harms. Then a `sure` code or a hazard's own words decide, if they name
one pack only; `possible` codes only make candidates.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from schemas.cap import Info
from services.compose.guidance import Pack


@dataclass(frozen=True)
class Found:
    """The answer. `pack` is None when it is not sure; `candidates` are for the person who then decides."""

    pack: str | None
    candidates: tuple[str, ...]
    why: str


def find(infos: Iterable[Info], packs: Mapping[str, Pack]) -> Found:
    """The pack for an alert with these infos."""
    known = tuple(infos)
    said = [folded(text) for info in known for text in (info.event, info.headline or "")]
    codes = {(folded(c.value_name), c.value.strip().upper()) for info in known for c in info.event_code}
    sure: dict[str, str] = {}
    possible: dict[str, str] = {}
    for pack in packs.values():
        if forbidden := _said(pack.match.never, said):
            if _coded(pack.match.sure, codes) or _coded(pack.match.possible, codes) or _said(pack.match.words, said):
                possible[pack.id] = f"it says “{forbidden}”, which is not for this pack"
        elif reason := _coded(pack.match.sure, codes) or _said(pack.match.words, said):
            sure[pack.id] = reason
        elif reason := _coded(pack.match.possible, codes):
            possible[pack.id] = f"{reason} alone does not say which hazard"
    return _answer(sure, possible)


def _answer(sure: dict[str, str], possible: dict[str, str]) -> Found:
    if len(sure) == 1:
        [(pack, why)] = sure.items()
        return Found(pack, (pack,), f"{why} names {pack}")
    if sure:
        named = "; ".join(f"{why} names {pack}" for pack, why in sure.items())
        return Found(None, tuple(sure), f"several packs fit: {named}")
    if possible:
        named = "; ".join(f"{pack}: {why}" for pack, why in possible.items())
        return Found(None, tuple(possible), named)
    return Found(None, (), "no event code and no words of any pack were found in its event and headline")


def _said(phrases: Mapping[str, tuple[str, ...]], said: Iterable[str]) -> str:
    """The first phrase that stands as whole words in what was said."""
    texts = tuple(said)
    return next((p for ps in phrases.values() for p in ps if any(_pattern(p).search(t) for t in texts)), "")


def _coded(table: Mapping[str, tuple[str, ...]], codes: set[tuple[str, str]]) -> str:
    """The first code of the table that the alert has."""
    return next((f"{n} {v}" for n, values in table.items() for v in values if (folded(n), v) in codes), "")


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(folded(phrase))}\b")


def folded(text: str) -> str:
    """Lower case, accents gone, dashes and blanks as one blank: for comparing only, never for showing."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\s\-\u2010-\u2015_]+", " ", plain).strip().lower()
