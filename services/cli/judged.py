"""A file as intake would judge it, shown for a person or as one JSON object: what `validate` and `corpus` share."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cap.names import key_of
from services.cap.read import read
from services.cap.reading import CapError
from services.cli.errors import Code, fail
from services.cli.files import content_type
from services.intake.findings import Remark
from services.intake.publishers import read_register
from services.intake.validate import Verdict
from services.intake.validate import validate as judge
from services.place.publishers import Register
from services.place.reading import DataError

AtOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="Judge as of then, not one minute after each one's own `sent`."),
]
RegisterOption = Annotated[Path | None, typer.Option(help="Register of publishers; without one no sender is unknown.")]
HistoryOption = Annotated[
    Path | None, typer.Option(help="A folder of earlier alerts; with one, what refers to anything else is held.")
]
SUFFIXES = frozenset({".xml", ".cap", ".json"})


@dataclass(frozen=True)
class Terms:
    """How to judge. `known` are the keys of earlier messages, None where an unknown parent is a note."""

    at: datetime | None = None
    register: Register | None = None
    known: frozenset[str] | None = None

    def judge(self, content: bytes) -> Verdict:
        """What intake would say."""
        return judge(content, content_type(content), at=self.at, register=self.register, known=self.known)


def terms(at: datetime | None, register: Path | None, history: Path | None) -> Terms:
    """The terms as options name them; a sentence when a file cannot be read."""
    try:
        publishers = None if register is None else read_register(register, "--register")
    except DataError as error:
        fail(str(error), Code.WRONG)
    return Terms(at, publishers, None if history is None else frozenset(_keys(files_in(history))))


def files_in(folder: Path) -> list[Path]:
    """The alerts of a folder and those below it, by name."""
    if not folder.is_dir():
        fail(f"{folder} is no folder: name one that holds alerts ({', '.join(sorted(SUFFIXES))})", Code.WRONG)
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def _keys(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        try:
            yield key_of(read(path.read_bytes()).alert)
        except CapError:
            continue


def facts(file: Path, content: bytes, verdict: Verdict) -> dict[str, object]:
    """One file as JSON."""
    return {"file": str(file), "grade": verdict.grade, "signature": verdict.signature.value,
            "findings": [_finding(remark, content) for remark in verdict.findings]}  # fmt: skip


def _finding(remark: Remark, content: bytes) -> dict[str, object]:
    return {"rule": remark.rule, "grade": remark.cost.word, "element": remark.element, "line": line_of(remark, content),
            "message": message(remark)}  # fmt: skip


def message(remark: Remark) -> str:
    """What is wrong, and what would be right."""
    return f"{remark.says}; expected: {remark.expected}" if remark.expected else remark.says


def line_of(remark: Remark, content: bytes) -> int | None:
    """The line that the rule named, or that of the first element of this name."""
    if remark.line is not None or remark.element is None:
        return remark.line
    found = re.search(rb"<(?:[\w.-]+:)?%b[\s>/]" % re.escape(remark.element.encode()), content)
    return None if found is None else content.count(b"\n", 0, found.start()) + 1
