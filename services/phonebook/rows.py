"""One row of a file: somebody to enter, or why not. A cell's content is never repeated, because it may be a number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.base import instant_text
from services.phonebook.csvfile import Row
from services.phonebook.numbers import NumberError, canonical

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
AREA = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
SEPARATOR = re.compile(r"[;,|]")
NO_DIGIT = re.compile(r"[^0-9]")
NOTE_LIMIT = 2000
SHOWN = 12
#: A consent of "today" may be dated tomorrow east of here.
AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Entry:
    """Somebody to enter or to bring up to date. Moments are text as records write them."""

    number: str
    languages: tuple[str, ...]
    areas: tuple[str, ...]
    consent_at: str
    consent_source: str
    consent_wording: str
    opted_out_at: str | None = None
    opted_out_source: str = ""


@dataclass(frozen=True)
class Refused:
    """A row that was not taken: its line, the column to blame, why, and what to do."""

    row: int
    column: str
    why: str
    cure: str


@dataclass(frozen=True)
class Rules:
    """What a row is measured by. `areas` are the jurisdiction's codes, `wording` is the consent's where none stands."""

    now: datetime
    areas: frozenset[str] | None = None
    wording: str = ""


class RowError(ValueError):
    """The first thing that is wrong with a row."""

    def __init__(self, column: str, why: str, cure: str) -> None:
        super().__init__(f"{column}: {why}; {cure}")
        self.column, self.why, self.cure = column, why, cure


def read_row(row: Row, rules: Rules) -> Entry | Refused:
    """The person that a row describes, or the refusal."""
    if row.broken is not None:
        return Refused(row.line, "", row.broken, "put a cell that holds the delimiter or a quote into matching quotes")
    try:
        return _entry(row.cells, rules)
    except RowError as error:
        return Refused(row.line, error.column, error.why, error.cure)


def _entry(cells: Mapping[str, str], rules: Rules) -> Entry:
    out_at = cells.get("opted_out_at")
    number = _number(cells.get("number", ""))
    for column in ("consent_source", "consent_wording", "opted_out_source"):
        if number[1:] in NO_DIGIT.sub("", cells.get(column, "")):
            raise RowError(column, "the person's number stands in it, where it would not be encrypted", "take it out")
    return Entry(
        number=number,
        languages=_languages(cells.get("languages", "")),
        areas=_areas(cells.get("areas", ""), rules.areas),
        consent_at=_moment("consent_at", cells.get("consent_at", ""), rules.now),
        consent_source=_note("consent_source", cells.get("consent_source", "")),
        consent_wording=_note("consent_wording", cells.get("consent_wording") or rules.wording, may_be_empty=True),
        opted_out_at=_moment("opted_out_at", out_at, rules.now) if out_at else None,
        opted_out_source=_note("opted_out_source", cells.get("opted_out_source") or "import", may_be_empty=True),
    )


def _number(cell: str) -> str:
    try:
        return canonical(cell)
    except NumberError as error:
        raise RowError("number", error.why, error.cure) from error


def _languages(cell: str) -> tuple[str, ...]:
    languages = tuple(each.replace("_", "-") for each in _listed(cell))
    if not languages:
        raise RowError("languages", "no language is given", "list them as the person prefers them, for example es;en")
    if not all(map(LANGUAGE.fullmatch, languages)):
        raise RowError("languages", "there is one that is no language code", "write BCP 47 codes, for example es;en")
    return languages


def _areas(cell: str, known: frozenset[str] | None) -> tuple[str, ...]:
    areas = _listed(cell)
    if not areas:
        raise RowError(
            "areas", "no area is given", "list the codes of the person's areas, for example riverside;harbor"
        )
    if not all(map(AREA.fullmatch, areas)):
        raise RowError("areas", "there is one that is no area code", "write the jurisdiction's codes, separated by ;")
    if known is not None and not known.issuperset(areas):
        shown = ", ".join(sorted(known)[:SHOWN]) + (", …" if len(known) > SHOWN else "")
        raise RowError("areas", "there is one that the jurisdiction does not have", f"its areas are {shown}")
    return areas


def _moment(column: str, cell: str, now: datetime) -> str:
    """A date, or a date and time; one that does not say its zone is taken as UTC."""
    if not cell:
        raise RowError(column, "the date is missing: nobody is texted without a consent that can be shown",
                       "write when the person agreed, for example 2026-03-01, or leave the person out")  # fmt: skip
    try:
        moment = datetime.fromisoformat(cell)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise RowError(column, "this is no date that can be read in one way only",
                       "write it as 2026-03-01 or 2026-03-01T14:05:00Z") from error  # fmt: skip
    if moment > now + AHEAD:
        raise RowError(column, "the date lies in the future", "correct it")
    return instant_text(moment)


def _note(column: str, cell: str, *, may_be_empty: bool = False) -> str:
    if not cell and not may_be_empty:
        raise RowError(column, "it is missing: nobody is texted without a consent that can be shown",
                       "write where the person agreed, for example web-form or paper-2026-03")  # fmt: skip
    if len(cell) > NOTE_LIMIT:
        raise RowError(column, f"it has more than {NOTE_LIMIT} characters", "shorten it")
    return cell


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.strip() for each in SEPARATOR.split(cell) if each.strip()))
