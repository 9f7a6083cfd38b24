"""Which guidance pack an alert needs, how sure that is, and why. Unsure is for a person.

A word of `never` rules a pack out whatever else fits: "boil water notice lifted" must not tell people to boil, and
"do not drink" is the hazard in which boiling harms. Then a `sure` code, or a hazard's own words in the event, decide if
they name one pack only. The headline decides where the event names no hazard at all ("Health Alert"); else it only
makes candidates, for a headline speaks of much that an alert is not about. `possible` codes only make candidates.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.cap import Info
from services.compose.guidance import GENERAL, Pack

_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Found:
    """The answer. `pack` is None when it is not sure; `candidates` are for the person who then decides."""

    pack: str | None
    candidates: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Signs:
    """What an alert says about its hazard. Codes as (list, value); categories and responses in CAP's words."""

    events: tuple[str, ...]
    headlines: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    categories: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()


def signs_of(infos: Iterable[Info]) -> Signs:
    """The signs in an alert's infos."""
    known = tuple(infos)
    return Signs(
        tuple(dict.fromkeys(info.event for info in known)),
        tuple(dict.fromkeys(info.headline for info in known if info.headline)),
        tuple((code.value_name, code.value) for info in known for code in info.event_code),
        tuple({word.value for info in known for word in info.category}),
        tuple({word.value for info in known for word in info.response_type}),
    )


@dataclass
class _Heard:
    """Phrases of the packs that were found, by pack: in the event, in the headline."""

    event: dict[str, str] = field(default_factory=dict)
    headline: dict[str, str] = field(default_factory=dict)
    never: dict[str, str] = field(default_factory=dict)


class Finder:
    """All packs' words and codes, indexed once: a look-up costs the words of the alert, not those of the packs."""

    def __init__(self, packs: Mapping[str, Pack]) -> None:
        """Index `packs`."""
        self._packs = packs
        self._words: dict[str, list[tuple[str, str]]] = {}
        self._never: dict[str, list[tuple[str, str]]] = {}
        self._together: list[tuple[str, tuple[str, ...]]] = []
        self._sure: dict[tuple[str, str], list[str]] = {}
        self._possible: dict[tuple[str, str], list[str]] = {}
        general = packs.get(GENERAL)
        said = general.match.words.values() if general else ()
        self._generic = {word for phrases in said for phrase in phrases for word in tokens(phrase)}
        for pack in packs.values():
            if pack.id != GENERAL:
                self._index(pack)
        phrases = (*self._words, *self._never)
        self._longest = max((phrase.count(" ") + 1 for phrase in phrases), default=1)

    def find(self, signs: Signs) -> Found:
        """The pack for these signs."""
        heard, codes = self._hear(signs), [(folded(name), value.strip().upper()) for name, value in signs.codes]
        sure: dict[str, str] = {}
        possible = {pack: f"its headline says “{phrase}”" for pack, phrase in heard.headline.items()}
        possible |= {
            p: f"{n} {v} alone does not say which hazard" for n, v in codes for p in self._possible.get((n, v), ())
        }
        sure |= {p: f"{n} {v}" for n, v in codes for p in self._sure.get((n, v), ())}
        sure |= {pack: f"“{phrase}”" for pack, phrase in heard.event.items()}
        if not sure and self._is_generic(signs.events):
            sure = {pack: f"“{phrase}” in its headline" for pack, phrase in heard.headline.items()}
        for pack in tuple(sure):
            if against := self._against(pack, signs, heard):
                possible[pack] = against
                del sure[pack]
        possible = {
            pack: self._against(pack, signs, heard) or why for pack, why in possible.items() if pack not in sure
        }
        return self._answer(sure, possible)

    def _answer(self, sure: dict[str, str], possible: dict[str, str]) -> Found:
        if len(sure) == 1:
            [(pack, why)] = sure.items()
            return Found(pack, (pack,), f"{why} names {pack}")
        if sure:
            named = "; ".join(f"{why} names {pack}" for pack, why in sure.items())
            return Found(None, tuple(sure), f"several packs fit: {named}")
        if possible:
            named = "; ".join(f"{pack}: {why}" for pack, why in possible.items())
            return Found(None, tuple(possible), named)
        why = "no event code and no words of any pack were found in its event and headline"
        return Found(None, (GENERAL,) if GENERAL in self._packs else (), why)

    def _against(self, pack: str, signs: Signs, heard: _Heard) -> str:
        """What speaks against this pack, or nothing."""
        match = self._packs[pack].match
        if phrase := heard.never.get(pack):
            return f"it says “{phrase}”, which is not for this pack"
        if word := next((word for word in signs.responses if word in match.never_response), ""):
            return f"its responseType {word} is not what this pack says"
        if signs.categories and set(signs.categories) <= set(match.never_category):
            return f"its category {', '.join(signs.categories)} is not this pack's"
        return ""

    def _hear(self, signs: Signs) -> _Heard:
        heard = _Heard()
        events, headlines = (set(map(" ".join, self._phrases(texts))) for texts in (signs.events, signs.headlines))
        for phrases, into in ((events, heard.event), (headlines, heard.headline)):
            for phrase in sorted(phrases, key=len, reverse=True):
                for pack, written in self._words.get(phrase, ()):
                    into.setdefault(pack, written)
        everything = events | headlines
        for phrase in everything & self._never.keys():
            for pack, written in self._never[phrase]:
                heard.never.setdefault(pack, written)
        for pack, words in self._together:
            if everything.issuperset(words):
                heard.event.setdefault(pack, " … ".join(words))
        return heard

    def _phrases(self, texts: Iterable[str]) -> Iterable[list[str]]:
        """Every run of words, up to the length of the longest phrase of any pack."""
        for text in texts:
            words = tokens(text)
            for start in range(len(words)):
                for end in range(start + 1, min(start + self._longest, len(words)) + 1):
                    yield words[start:end]

    def _is_generic(self, events: Iterable[str]) -> bool:
        return all(set(tokens(event)) <= self._generic for event in events)

    def _index(self, pack: Pack) -> None:
        match = pack.match
        for table, phrases in ((self._words, match.words), (self._never, match.never)):
            for phrase in (phrase for listed in phrases.values() for phrase in listed):
                table.setdefault(" ".join(tokens(phrase)), []).append((pack.id, phrase))
        for groups in match.all.values():
            self._together += [(pack.id, tuple(" ".join(tokens(word)) for word in group)) for group in groups]
        for codes, listed in ((self._sure, match.sure), (self._possible, match.possible)):
            for name, values in listed.items():
                for value in values:
                    codes.setdefault((folded(name), value.upper()), []).append(pack.id)


def find(infos: Iterable[Info], packs: Mapping[str, Pack]) -> Found:
    """The pack for an alert with these infos. Whoever asks often keeps a Finder."""
    return Finder(packs).find(signs_of(infos))


def tokens(text: str) -> list[str]:
    """The words of a text, folded, without punctuation."""
    return _NO_WORD.sub(" ", folded(text)).split()


def folded(text: str) -> str:
    """Lower case, accents gone, dashes and blanks as one blank: for comparing only, never for showing."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\s\-\u2010-\u2015_]+", " ", plain).strip().lower()
