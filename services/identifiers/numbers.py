"""Numbers that stand for one person: found by the word that stands before them, or by a form that nothing else has."""

import re
from collections.abc import Iterator

from services.identifiers.finding import Kind, Span
from services.identifiers.sentences import Sentence

#: Anything with two digits and four characters, and what may stand between it and its label.
_VALUE = re.compile(r"(?<![\w.-])[A-Za-z0-9][A-Za-z0-9./-]{2,}[A-Za-z0-9](?!\w)")
_DIGITS = re.compile(r"\d.*\d")
_BETWEEN = (
    r"s?\b(?:\s+(?:id|identifier|identification|number|num|no|nº|núm|número|code|card|policy|record"
    r"|file|is|was|es|de|del|clínic[oa])\b\.?"
    r"|\s*[:#(.]){0,4}\s*$"
)
#: The label before a value says whose it is. Small letters.
_LABELS: tuple[tuple[Kind, str], ...] = (
    (Kind.SSN, "ssn|social security|seguro social|nss"),
    (
        Kind.MRN,
        (
            r"mrn|medical record|patient (?:id|identifier|number|no)|chart (?:number|no)|hospital (?:number"
            r"|no|id)|historia clínica|expediente|número de paciente"
        ),
    ),
    (
        Kind.PLAN,
        (
            r"health plan|beneficiary|medicare|medicaid|insurance|member (?:id|number)|subscriber"
            r"|policy (?:number|no)|póliza|número de afiliad[oa]|número de seguro"
        ),
    ),
    (Kind.ACCOUNT, r"patient account|bank account|account (?:number|no)|acct|número de cuenta|iban"),
    (
        Kind.LICENCE,
        (
            r"driver'?s? licen[cs]e|licen[cs]e(?: number| no)?|passport|pasaporte|licencia de conducir|npi"
            r"|curp|dni|cédula|green card|visa number|student id|employee id|badge"
        ),
    ),
    (Kind.VEHICLE, r"vin|chassis"),
    (
        Kind.BIOMETRIC,
        (
            r"(?:fingerprints?|iris|retina|voice ?print|faceprint|huellas?(?: dactilar(?:es)?)?)(?: (?:scan"
            r"|template|image|digital))?"
        ),
    ),
)
#: Only where the sentence is about one person: agencies have serial numbers and samples too.
_LABELS_OF_ONE: tuple[tuple[Kind, str], ...] = (
    (Kind.LICENCE, "certificate|permit|diploma|registration|certificado|permiso"),
    (Kind.DEVICE, "serial|device|implant|pacemaker|pump|defibrillator|serie|dispositivo"),
    (Kind.OTHER, "accession|specimen|sample|claim|case id|inmate|booking|muestra|folio|account|reference"),
)


def _compiled(labels: tuple[tuple[Kind, str], ...]) -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(rf"\b(?:{words}){_BETWEEN}")) for kind, words in labels)


_OURS, _OURS_OF_ONE = _compiled(_LABELS), _compiled(_LABELS_OF_ONE)
_SSN = re.compile(r"(?<![\d-])(\d{3}-\d{2}-\d{4})(?![\d-])")
_PLATE = re.compile(
    r"\b(?i:license plate|licence plate|plates?|placas?|matrícula)\b(?:\s+(?i:number|no|número|is|was"
    r"|es|de)\b\.?|\s*[:#]){0,3}\s*"
    r"((?=[\w-]*\d)[A-Z0-9]{2,4}[- ]?[A-Z0-9]{2,5})\b"
)
_PLATE_WORDS = ("plate", "placa", "matrícula")
_IP = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.]*\.?\d)")
_SEAT = re.compile(r"\b(?:seat|asiento)\s+(\d{1,2}[A-Ka-k])\b")
_NEAR = 60
_AGES = re.compile(
    r"\b((?:9\d|1[01]\d)[- ][Yy]ears?[- ][Oo]ld)\b|\b((?:[Aa]ged?|[Ee]dad(?: de)?)[: ]+(?:9\d"
    r"|1[01]\d))\b(?! (?:and|or) (?:over|older|above))"
    r"|\bde ((?:9\d|1[01]\d) años)\b|,\s(9\d|1[01]\d),"
)
_FILES = re.compile(
    r"(?<![\w/])([\w-]+\.(?:jpe?g|png|heic|gif|tiff?|bmp|mp4|mov|dcm|pdf|docx?|xlsx?|csv|bin|wav|m4a))\b", re.IGNORECASE
)
_FILE_OF_A_PERSON = re.compile(r"patient|paciente|mrn|ssn|victim|fingerprint|^fp_|selfie|face", re.IGNORECASE)
_NAMED_FILE = re.compile(r"[A-Z][a-z]+[_-][A-Z][a-z]+")
_FACE_WORDS = ("face", "rostro", "cara")
_FACE = re.compile(
    r"\b((?:photo|photograph|picture|image|video|selfie|foto|fotografía|imagen)s?\b[^.]{0,40}\b(?:face|rostro|cara)\b)",
    re.IGNORECASE,
)


def find(sentence: Sentence) -> Iterator[Span]:
    """Numbers, ages and files in one sentence."""
    if sentence.has_digit:
        yield from _labelled(sentence)
        yield from _spans(sentence, Kind.SSN, _SSN)
        yield from _spans(sentence, Kind.AGE, _AGES)
        if any(word in sentence.lower for word in _PLATE_WORDS):
            yield from _spans(sentence, Kind.VEHICLE, _PLATE)
        if sentence.about_one or "ip address" in sentence.lower:
            yield from _spans(sentence, Kind.IP, _IP)
            yield from _spans(sentence, Kind.OTHER, _SEAT)
    yield from _files(sentence)


def _labelled(sentence: Sentence) -> Iterator[Span]:
    """Values with a label before them."""
    labels = (*_OURS, *_OURS_OF_ONE) if sentence.about_one else _OURS
    for match in _VALUE.finditer(sentence.text):
        if _DIGITS.search(match.group()) is None:
            continue
        before = sentence.lower[max(0, match.start() - _NEAR) : match.start()]
        kind = next((kind for kind, pattern in labels if pattern.search(before)), None)
        if kind is not None:
            yield Span(sentence.start + match.start(), sentence.start + match.end(), kind)


def _files(sentence: Sentence) -> Iterator[Span]:
    """Files that are named after a person, and pictures of a face."""
    for match in _FILES.finditer(sentence.text) if "." in sentence.text else ():
        name = match.group(1)
        if _NAMED_FILE.search(name) or _FILE_OF_A_PERSON.search(name):
            kind = Kind.BIOMETRIC if name.lower().endswith("bin") else Kind.PHOTO
            yield Span(sentence.start + match.start(1), sentence.start + match.end(1), kind)
    if sentence.about_one and any(word in sentence.lower for word in _FACE_WORDS):
        yield from _spans(sentence, Kind.PHOTO, _FACE)


def _spans(sentence: Sentence, kind: Kind, pattern: re.Pattern[str]) -> Iterator[Span]:
    for match in pattern.finditer(sentence.text):
        group = next(number for number, value in enumerate(match.groups(), 1) if value is not None)
        yield Span(sentence.start + match.start(group), sentence.start + match.end(group), kind)
