"""Names of persons. A name alone is found by its given name; beside a person's word any two capitalised words are one.

Officials who speak for an agency, and everything that is named after somebody (schools, streets, rivers), are left.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from services.identifiers.cues import OFFICIAL, WHO
from services.identifiers.finding import Kind, Span
from services.identifiers.sentences import Sentence

#: Words by what they do to a name beside them.
_LISTS: dict[str, str] = yaml.safe_load((Path(__file__).parent / "name_words.yaml").read_text(encoding="utf-8"))
_WORD = (
    r"[A-ZÁÉÍÓÚÑÜÖÄÅ][a-záéíóúñüöäåçèêëïîôûłşğ]+(?:['\u2019-][A-ZÁÉÍÓÚÑ]?[a-záéíóúñ]+)?"
    r"|[A-Z]['\u2019][A-Z][a-z]+|M[a]?c[A-Z][a-z]+"
)
_PART = rf"(?:{_WORD})"
_LINK = r"(?:de la |de los |del |de |van der |van |von |bin |al-|el-|da |dos |di )?"
_ANY = re.compile(rf"\b{_PART}(?: [A-Z]\.)?(?: {_LINK}{_PART}){{1,4}}")
_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Mx|Sr|Sra|Srta|Señor|Señora|Señorita|señora?|Doña"
    rf"|doña)\.?\s+({_PART}(?: (?:[A-Z]\.|{_LINK}{_PART})){{0,3}})"
)
#: What stands before a person's name: `patient John Doe`, `teacher named Aisha Bello`, `the child, Liam Novak`.
_WHO_BEFORE = re.compile(
    rf"\b{WHO}(?:'s)?(?:\s+(?:named|called|identified as|is|was|llamad[oa]|identificad[oa] como"
    r"|de nombre|es)|\s*[,:(]|\s+#?\d+:?)?\s+$"
    r"|\b(?:chart|records?|file|results?|specimen|sample|body|family|widow|expediente|muestra"
    r"|familia) (?:of|de|del|is|for)\s+$"
)
#: Words that may begin a run of capitals without being part of the name.
_LEADING = re.compile(
    rf"(?:(?:the|an?|our|el|la|un|una|index|confirmed|suspected|{WHO}|mr|mrs|ms|dr|dra|contact|update|family of)\s+)+",
    re.IGNORECASE,
)
#: What is said of a person right after the name.
_SAID_AFTER = re.compile(
    r",?\s*\(?\s*(?:(?:dob|date of birth|born|ssn|mrn|aged?|whose|de \d+ años|nacid[oa]|dni|curp|seat"
    r"|lives|resid(?:es|ing)|vive)\b|\d{1,3}[,)]"
    r"|an? \d{1,3}[- ]year[- ]old|(?:who )?(?:has |have |had |was |is |were "
    r"|been )*(?:tested positive|diagnosed|hospitali[sz]ed|infected|died|passed away|bitten|admitted"
    r"|taken to (?:the |a )?(?:hospital|emergency|clinic|icu)|in (?:intensive|critical|isolation)"
    r"|fell ill|got sick"
    r"|in (?:intensive care|critical condition|isolation)|quarantined|isolated|exposed|intubated"
    r"|dio positivo|falleció|murió|fue (?:ingresad|hospitalizad|diagnosticad)[oa]|está (?:ingresad"
    r"|hospitalizad|aislad)[oa])\b)"
)
#: After a name these make it a thing, a place or an office.
_THING = frozenset(_LISTS["thing"].split())
#: Things that are surnames too.
_SURNAMES = frozenset(_LISTS["surnames"].split())
#: These begin no person's name.
_NEVER = frozenset(_LISTS["never"].split())
_OFFICIAL_BEFORE = re.compile(
    rf"(?:\b{OFFICIAL}\b[^.;]{{0,40}}|\b(?:contacts?|call|ask for|attn|attention|write to|e-?mail"
    r"|signed|by|sincerely|said|per|contacte a)[:,]?\s+|\b(?:dr|dra)\.\s+)$"
)
_OFFICIAL_AFTER = re.compile(
    rf"^,?\s*(?:(?:m\.?d|ph\.?d|r\.?n|m\.?p\.?h|d\.?o|j\.?d)\b|[^.;]{{0,60}}\b{OFFICIAL}\b"
    r"|(?:said|says|stated|announced|declared|signed|told|will speak|dijo|anunció|informó|declaró))"
)
_ILL_AFTER = re.compile(
    r"^,?\s*(?:who )?(?:was|is|has|had)?\s*(?:been |herself |himself |also )?(?:admitted|hospitali"
    r"|diagnos|tested pos|infect|died|falleci|murió)"
)
_BEFORE_PLACE = frozenset(_LISTS["before_place"].split())
_WORDS = re.compile(r"[^\W\d_][\w'\u2019-]*")
_NEXT = re.compile(r"\s+(\w+)")
_NEAR = 60


@cache
def given_names() -> frozenset[str]:
    """Names that are given to people, as they are written."""
    return frozenset((Path(__file__).parent / "given_names.txt").read_text(encoding="utf-8").split())


def find(sentence: Sentence, *, ill_before: bool) -> Iterator[Span]:
    """Names in one sentence; `ill_before`: the sentence before it says that somebody is ill."""
    text = sentence.text
    for match in _ANY.finditer(text):
        start, end = _trimmed(text, match.start(), match.end())
        if _is_name(sentence, start, end, led=start > match.start(), ill=sentence.ill or ill_before):
            yield Span(sentence.start + start, sentence.start + end, Kind.NAME)
    for match in _TITLE.finditer(text):
        if not _official(sentence, match.start(1), match.end(1)):
            yield Span(sentence.start + match.start(1), sentence.start + match.end(1), Kind.NAME)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the words before the name that a run of capitals swallowed."""
    lead = _LEADING.match(text, start, end)
    begin = lead.end() if lead else start
    words = list(_WORDS.finditer(text, begin, end))
    if len(words) > 2 and _stands_before_a_name(words[0].group(), words[1].group()):  # noqa: PLR2004 - it, and a name
        return words[1].start(), end
    return begin, end


def _stands_before_a_name(word: str, following: str) -> bool:
    """`Isolate Kwame Asante`, `Grandpa Joe Whitaker`: a capital that is no name, before one that is."""
    plain = word not in given_names() and word not in _NEVER and word not in _THING and word not in _BEFORE_PLACE
    return plain and following in given_names()


def _is_name(sentence: Sentence, start: int, end: int, *, led: bool, ill: bool) -> bool:
    """Whether there is a reason to take it for somebody's name, and none against."""
    words = _WORDS.findall(sentence.text[start:end])
    if not words or _no_name(words) or not _speaks_of_somebody(sentence, start, end, words, led=led, ill=ill):
        return False
    return not (_names_a_thing(sentence.text, start, end) or _official(sentence, start, end))


def _speaks_of_somebody(sentence: Sentence, start: int, end: int, words: list[str], *, led: bool, ill: bool) -> bool:
    known, several = words[0] in given_names(), len(words) > 1
    if known and ill and several and not sentence.shouted:
        return True
    if (known or (ill and several)) and _SAID_AFTER.match(sentence.lower, end) is not None:
        return True
    if not several:
        return False
    return known if led else _WHO_BEFORE.search(sentence.lower, max(0, start - _NEAR), start) is not None


def _no_name(words: list[str]) -> bool:
    return words[0] in _NEVER or words[-1] in _NEVER or any(word in _THING for word in words[:-1]) or (
        words[-1] in _THING and words[-1] not in _SURNAMES
    )  # fmt: skip


def _names_a_thing(text: str, start: int, end: int) -> bool:
    """Whether it is a school, a street, a river that bears somebody's name."""
    before = text[:start].rsplit(None, 1)
    following = _NEXT.match(text, end)
    return (bool(before) and before[-1] in _BEFORE_PLACE) or (following is not None and following.group(1) in _THING)


def _official(sentence: Sentence, start: int, end: int) -> bool:
    lower = sentence.lower
    before, after = lower[max(0, start - _NEAR) : start], lower[end : end + _NEAR + 20]
    return bool(_OFFICIAL_BEFORE.search(before) or _OFFICIAL_AFTER.match(after)) and not _ILL_AFTER.match(after)
