"""A file of subscribers, whatever program wrote it: its encoding, its delimiter, its columns, its rows.

Nothing here repeats a cell in an error: a cell may hold a number.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from charset_normalizer import from_bytes

from services.phonebook.errors import SheetError

REQUIRED = ("number", "languages", "areas", "consent_at", "consent_source")
OPTIONAL = ("consent_wording", "opted_out_at", "opted_out_source")
#: The longer mark first: UTF-32's begins with UTF-16's.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
USUAL_DELIMITERS = ",;\t|"
NAME_CHARACTERS = re.compile(r"[\w\s\"']")
UNFIT = '"\r\n\0'


@dataclass(frozen=True)
class Row:
    """One row: the line that it starts on, counted from 1, and its cells by column; `broken` says why it has none."""

    line: int
    cells: dict[str, str]
    broken: str | None = None


@dataclass(frozen=True)
class Sheet:
    """A file that was understood. `lines` are those after the header, which ends on line `first`."""

    lines: tuple[str, ...]
    encoding: str
    delimiter: str
    first: int
    columns: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty, also those that cannot be read as a row."""
        reader = csv.reader(self.lines, delimiter=self.delimiter, strict=True)
        while True:
            line = self.first + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                last = self.first + reader.line_num
                where = "" if last == line else f", so lines {line} to {last} cannot be told apart and were not read"
                yield Row(line, {}, f"the quotes do not match{where}")
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(line, cells)

    def _row(self, line: int, cells: Sequence[str]) -> Row:
        if any(cell.strip() for cell in cells[len(self.columns) :]):
            return Row(line, {}, f"the row has {len(cells)} cells, but there are {len(self.columns)} columns")
        return Row(line, {name: cell.strip() for name, cell in zip(self.columns, cells, strict=False) if name})


def open_sheet(data: bytes, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """Read the bytes of a file; `None` finds out.

    Raises:
        SheetError: no text, or no header with the columns that are needed.
    """
    encoding = encoding or encoding_of(data)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise SheetError(f"there is no encoding named {encoding}; utf-8, utf-16 or cp1252 are usual") from error
    except UnicodeDecodeError as error:
        raise SheetError(
            f"the file is not {encoding} (byte {error.start + 1} of {len(data)}); leave --encoding out to have it found"
        ) from error
    lines = tuple(io.StringIO(text, newline=""))  # not splitlines(), which also breaks at characters inside cells
    header, first, said = _header(lines)
    delimiter = delimiter or said or _delimiter(header)
    if len(delimiter) != 1 or delimiter in UNFIT:
        raise SheetError("a delimiter is one character that is no quote and no line end, for example , or ; or tab")
    return Sheet(lines[first:], encoding, delimiter, first, _columns(header, delimiter))


def encoding_of(data: bytes) -> str:
    """The encoding: by its mark, by the zero bytes of UTF-16, as UTF-8 where it is that, else by charset-normalizer."""
    for mark, name in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return name
    if b"\x00" in data[:200]:
        return "utf-16-be" if data[:1] == b"\x00" else "utf-16-le"
    return "utf-8" if _decodes(data, "utf-8") else _guess(data)


def _guess(data: bytes) -> str:
    """The encoding that its letters speak for, else Windows' western one.

    A file of numbers has few letters: where charset-normalizer recognises no language in them (coherence 0) its answer
    is chance, often East Asian, and where several are as likely it takes the first of the alphabet.
    """
    found = from_bytes(data)
    best = found.best()
    western = _decodes(data, "cp1252")
    if best is None and not western:
        raise SheetError("this is no text in any encoding; export the sheet as CSV, UTF-8")
    as_likely = [
        each.encoding for each in found if best and (each.chaos, each.coherence) == (best.chaos, best.coherence)
    ]
    if best is None or (western and (best.coherence == 0 or "cp1252" in as_likely)):
        return "cp1252"
    return str(best.encoding)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _header(lines: Sequence[str]) -> tuple[str, int, str | None]:
    """The header line, how many lines end with it, and the delimiter of Excel's `sep=` line before it."""
    said = None
    for number, line in enumerate(lines, 1):
        if line.lower().startswith("sep=") and len(line.rstrip()) <= len("sep=;"):
            said = line[len("sep=") :][:1] or None
        elif line.strip():
            return line.rstrip("\r\n"), number, said
    raise SheetError(f"the file is empty; its first line names the columns: {', '.join(REQUIRED)}")


def _delimiter(header: str) -> str:
    """The character that divides the header into the most columns that we know."""
    others = sorted({each for each in header if not NAME_CHARACTERS.match(each)})
    candidates = [*USUAL_DELIMITERS, *(each for each in others if each not in USUAL_DELIMITERS)]
    best: str = max(candidates, key=lambda each: len(set(_names(header, each)) & set(REQUIRED)))
    return best


def _columns(header: str, delimiter: str) -> tuple[str, ...]:
    names = _names(header, delimiter)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise SheetError(
            f"the first line lacks {', '.join(missing)}; it must name the columns {', '.join(REQUIRED)}"
            f" (and may name {', '.join(OPTIONAL)}), for example: {','.join(REQUIRED)}"
        )
    known = [name for name in names if name in REQUIRED + OPTIONAL]
    twice = {name for name in known if known.count(name) > 1}
    if twice:
        raise SheetError(f"the first line names {', '.join(sorted(twice))} twice; keep one of them")
    return tuple(name if name in known else "" for name in names)


def _names(header: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader(io.StringIO(header), delimiter=delimiter))
    except csv.Error:
        return []
    return [re.sub(r"\s+", "_", cell.strip().lower()) for cell in cells]
