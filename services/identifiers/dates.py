"""Days of a person's life: birth, illness, admission, discharge, death. A year alone is none."""

import re
from collections.abc import Iterator

from services.identifiers.finding import Kind, Span
from services.identifiers.sentences import Sentence

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)\.?"
)
_DATE = re.compile(
    rf"\b(\d{{4}}-\d\d-\d\d|\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:\d{{4}}|\d\d)|{_MONTH} \d{{1,2}}(?:st|nd|rd"
    rf"|th)?(?:,? \d{{4}})?|\d{{1,2}}(?:st|nd|rd|th)?(?: de| of)? {_MONTH}(?:,?(?: de"
    rf"| del)? \d{{4}})?)(?![\w])"
)
_BIRTH = re.compile(
    r"\b(?:dob|d\.o\.b|date of birth|birth ?date|birthday|born(?: on)?|fecha de nacimiento"
    r"|nacid[oa](?: el)?|nació(?: el)?)\W{0,3}$"
)
_EVENT = re.compile(
    r"\b(?:admitted|admission|discharged?|died|death|deceased|passed away|hospitali[sz]ed|diagnosed"
    r"|tested positive|(?:fell|became|got) (?:ill|sick)|intubated|transferred"
    r"|implanted|onset|symptoms? (?:began|started|appeared)|(?:developed|developing|began having)"
    r"|presented|sought (?:care|treatment|medical)|buried|treated|bitten|vaccinated|gave birth"
    r"|ingres[oó]|ingresad[oa]|alta|falleci[óo]|murió|hospitalizad[oa]|diagnosticad[oa]|dio positivo"
    r"|enfermó|síntomas|trasladad[oa]|atendid[oa])\b"
)
_REACH = 70


def find(sentence: Sentence) -> Iterator[Span]:
    """Days in one sentence that are a person's."""
    text = sentence.lower
    dates = list(_DATE.finditer(text)) if sentence.has_digit else []
    if not dates:
        return
    events = [match.start() for match in _EVENT.finditer(text)] if sentence.about_one else []
    for date in dates:
        born = _BIRTH.search(text[: date.start()]) is not None
        if born or any(abs(event - date.start()) <= _REACH for event in events):
            yield Span(sentence.start + date.start(1), sentence.start + date.end(1), Kind.DATE)
