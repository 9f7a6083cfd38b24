"""`tocsin subscribers`: who gets texts. Numbers come from a file or standard input, never from an argument."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from schemas.words import Realm
from services.cli.subscribers_io import (
    SOME_REFUSED,
    areas_of,
    bar,
    open_target,
    read_source,
    sentences,
    show,
    show_report,
)  # fmt: skip
from services.phonebook import exporting
from services.phonebook.book import Phonebook, init_phonebook, open_phonebook
from services.phonebook.csvfile import encoding_of, open_sheet
from services.phonebook.importing import import_sheet
from services.phonebook.numbers import NumberError, canonical
from services.phonebook.rotation import rotate as rotate_keys
from services.phonebook.rows import Rules
from services.phonebook.settings import PhonebookSettings
from services.runtime.settings import SharedSettings, load

app = typer.Typer(no_args_is_help=True, help="Who gets texts: import, export, count, forget.")

Data = Annotated[Path | None, typer.Option("--data", envvar="TOCSIN_DATA", help="Folder of the stores.")]
InRealm = Annotated[Realm, typer.Option("--realm", envvar="TOCSIN_REALM", help="live or drill.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Source = Annotated[str, typer.Argument(metavar="FILE|-", help="A file, or - for standard input.")]


@app.command()
def init(*, data: Data = None, realm: InRealm = Realm.LIVE, as_json: Json = False) -> None:
    """Make the phonebook and the file of its keys (0600) where they are not there yet."""
    shared, settings = _settings(data, realm)
    with sentences():
        made = init_phonebook(shared, settings, datetime.now(UTC))
    path = settings.keys_path(shared)
    says = f"{path}: made; keep a copy elsewhere, for without it no number can be read" if made else f"{path}: there"
    show({"keys": str(path), "made": made}, says, as_json=as_json)


@app.command("import")
def import_(
    source: Source,
    *,
    data: Data = None,
    realm: InRealm = Realm.LIVE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    delimiter: Annotated[str, typer.Option(help="What stands between cells; `tab` for a tab.")] = "auto",
    encoding: Annotated[str, typer.Option(help="utf-8, utf-16, cp1252 …")] = "auto",
    jurisdiction: Annotated[Path | None, typer.Option(help="Refuse areas that this file does not have.")] = None,
    consent_wording: Annotated[str, typer.Option(help="What people agreed to, where no column says it.")] = "",
    as_json: Json = False,
) -> None:
    """Enter people from a CSV file: number,languages,areas,consent_at,consent_source.

    Rows that cannot be taken are reported and all others are entered; the corrected file can be imported again.
    Nobody who said stop is brought back. A moment without a zone is UTC. Status 1: some rows were refused.
    """
    rules = Rules(datetime.now(UTC), areas_of(jurisdiction), consent_wording)
    content = read_source(source)
    with _phonebook(data, realm) as book, bar(hidden=as_json) as progress:
        sheet = open_sheet(
            content, None if encoding == "auto" else encoding, {"auto": None, "tab": "\t"}.get(delimiter, delimiter)
        )
        task = progress.add_task("importing", total=len(sheet.lines))
        report = import_sheet(
            book, sheet, rules, dry_run=dry_run,
            progress=lambda line: progress.update(task, completed=line - sheet.first),
        )  # fmt: skip
    show_report(report, f"{sheet.encoding}, delimiter {sheet.delimiter!r}", dry_run=dry_run, as_json=as_json)
    raise typer.Exit(SOME_REFUSED if report.refused else 0)


@app.command()
def export(
    target: Annotated[str, typer.Argument(metavar="FILE|-", help="A new file (0600), or - for standard output.")],
    *,
    data: Data = None,
    realm: InRealm = Realm.LIVE,
) -> None:
    """Write everybody, numbers in the clear and opt-outs included, so that an import takes it back."""
    with _phonebook(data, realm) as book, open_target(target) as file, bar(hidden=False) as progress:
        task = progress.add_task("exporting", total=book.count().people + book.count_opted_out())
        for people in exporting.export(book, file):
            progress.advance(task, people)


@app.command()
def count(
    *,
    area: Annotated[list[str] | None, typer.Option(help="Only people of this area; may be repeated.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Languages on offer, the default first.")] = None,
    data: Data = None,
    realm: InRealm = Realm.LIVE,
    as_json: Json = False,
) -> None:
    """Count the people who would be texted, by language and by area."""
    with _phonebook(data, realm) as book:
        reach, out = book.count(area, language or ()), book.count_opted_out()
    listed = [f"{kind} {name}: {people}" for kind, found in (("language", reach.by_language), ("area", reach.by_area))
              for name, people in sorted(found.items())]  # fmt: skip
    says = "\n".join([f"{reach.people} people", *listed, f"{out} more have opted out"])
    show(asdict(reach) | {"opted_out": out}, says, as_json=as_json)


@app.command()
def forget(source: Source, *, data: Data = None, realm: InRealm = Realm.LIVE, as_json: Json = False) -> None:
    """Delete people by their numbers, one a line. What stays is a hash, so that no import brings them back."""
    content = read_source(source)
    lines = content.decode(encoding_of(content), "replace").splitlines()
    gone = unknown = refused = 0
    with _phonebook(data, realm) as book:
        for row, line in ((row, line) for row, line in enumerate(lines, 1) if line.strip()):
            try:
                found = book.forget(canonical(line), datetime.now(UTC))
            except NumberError as error:
                refused += 1
                show({"refused": {"row": row, "why": error.why, "cure": error.cure}},
                     f"line {row}: {error.why} -> {error.cure}", as_json=as_json)  # fmt: skip
                continue
            gone, unknown = gone + found, unknown + (not found)
    says = f"{gone} forgotten, {unknown} not known (no import will enter them), {refused} refused"
    show({"forgotten": gone, "unknown": unknown, "refused": refused}, says, as_json=as_json)
    raise typer.Exit(SOME_REFUSED if refused else 0)


@app.command()
def rotate(*, data: Data = None, realm: InRealm = Realm.LIVE, as_json: Json = False) -> None:
    """Add a new encryption key and move all numbers under it. The older keys stay in the file, for its copies."""
    with _phonebook(data, realm) as book, bar(hidden=as_json) as progress:
        task = progress.add_task("encrypting", total=book.count().people + book.count_opted_out())
        moved = 0
        for people in rotate_keys(book, datetime.now(UTC)):
            moved += people
            progress.advance(task, people)
        name = book.keyring.newest
    show({"key": name, "moved": moved}, f"{moved} numbers are under the key {name} now; copy the key file again",
         as_json=as_json)  # fmt: skip


def _settings(data: Path | None, realm: Realm) -> tuple[SharedSettings, PhonebookSettings]:
    shared = load(SharedSettings).model_copy(update={"realm": realm, **({"data": data} if data else {})})
    return shared, load(PhonebookSettings)


@contextmanager
def _phonebook(data: Path | None, realm: Realm) -> Iterator[Phonebook]:
    with sentences():
        book = open_phonebook(*_settings(data, realm))
        try:
            yield book
        finally:
            book.close()
