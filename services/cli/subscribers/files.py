"""What the verbs of `tocsin subscribers` read and print. Nothing here ever repeats a number."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import Progress

from services.cli.context import Context
from services.cli.errors import Code, fail
from services.cli.private import new_private
from services.phonebook.errors import PhonebookError, SheetError
from services.phonebook.importing import Report
from services.place.jurisdiction import read_jurisdiction
from services.place.reading import DataError

STANDARD = "-"
#: Looks like a number that somebody typed where other users of the machine can read it (`ps`).
LIKE_A_NUMBER = re.compile(r"\+?[\d\s().-]{7,}")


@contextmanager
def sentences() -> Iterator[None]:
    """Errors that say what to do are said; others are ours and keep their traceback."""
    try:
        yield
    except (PhonebookError, SheetError) as error:
        fail(str(error), Code.WRONG)


def read_source(source: str) -> bytes:
    """The bytes of a file, or of standard input."""
    if source == STANDARD:
        return sys.stdin.buffer.read()
    _no_number(source)
    try:
        return Path(source).read_bytes()
    except OSError as error:
        fail(f"{source}: {error.strerror}; name a file that can be read, or - for standard input", Code.WRONG)


@contextmanager
def open_target(target: str) -> Iterator[TextIO]:
    """A new file that only its owner can read, or standard output. A file that is there is never overwritten."""
    if target == STANDARD:
        yield sys.stdout
        return
    _no_number(target)
    try:
        descriptor = new_private(target)
    except FileExistsError:
        fail(f"{target} is there already; name another file, or delete that one first", Code.WRONG)
    except OSError as error:
        fail(f"{target}: {error.strerror}; name a file that can be written, or - for standard output", Code.WRONG)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


def areas_of(jurisdiction: Path | None) -> frozenset[str] | None:
    """The area codes of a jurisdiction's file."""
    if jurisdiction is None:
        return None
    try:
        return frozenset(area.code for area in read_jurisdiction(jurisdiction, "--jurisdiction").areas)
    except DataError as error:
        fail(f"{error}; deploy/jurisdictions/demo.yaml is an example", Code.WRONG)


def bar(*, hidden: bool) -> Progress:
    """A progress bar on standard error, for people only."""
    return Progress(console=Console(stderr=True), transient=True, disable=hidden or not sys.stderr.isatty())


def show_report(context: Context, report: Report, how: str, *, dry_run: bool) -> None:
    """Every refused line, then the counts."""
    for line in report.refused:
        says = f"line {line.row}, {line.column or 'row'}: {line.why} -> {line.cure}"
        context.say(says, refused=asdict(line))
    counts = {**vars(report.written), "refused": len(report.refused), "dry_run": dry_run}
    says = f"{'Nothing was changed. ' if dry_run else ''}{_counted(report)} ({how})"
    context.say(says, rows=report.rows, **counts)


def _counted(report: Report) -> str:
    written = report.written
    said = f"{report.rows} rows: {written.new} new, {written.changed} changed, {written.same} as they were"
    if written.kept_out:
        said += f", {written.kept_out} not entered because they said stop or were forgotten"
    if written.opted_out > written.kept_out:
        said += f"; {written.opted_out - written.kept_out} of these have opted out and stay so"
    return said + f"; {len(report.refused)} refused"


def _no_number(name: str) -> None:
    if LIKE_A_NUMBER.fullmatch(name) and not Path(name).exists():
        fail(
            "a number never stands in an argument, where other users can read it: put it in a file, or pipe it to -",
            Code.WRONG,
        )
