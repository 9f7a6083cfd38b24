"""`tocsin subscribers`: who gets texts. Numbers come from a file or standard input, never from an argument."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code
from services.cli.subscribers.files import areas_of, bar, open_target, read_source, sentences, show_report
from services.phonebook import exporting
from services.phonebook.book import Phonebook, init_phonebook, open_phonebook
from services.phonebook.csvfile import encoding_of, open_sheet
from services.phonebook.importing import import_sheet
from services.phonebook.numbers import NumberError, canonical
from services.phonebook.rotation import rotate as rotate_keys
from services.phonebook.rows import Rules
from services.phonebook.settings import PhonebookSettings
from services.runtime.settings import load

app = typer.Typer(no_args_is_help=True, help="Who gets texts: import, export, count, forget.")

Source = Annotated[str, typer.Argument(metavar="FILE|-", help="A file, or - for standard input.")]


@app.command()
def init(*, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, as_json: JsonOption = False) -> None:
    """Make the phonebook and the file of its keys (0600) where they are not there yet."""
    context, settings = Context(data, realm, as_json), load(PhonebookSettings)
    with sentences():
        made = init_phonebook(context.shared, settings, datetime.now(UTC))
    path = settings.keys_path(context.shared)
    says = "made; keep a copy elsewhere, for without it no number can be read" if made else "there already"
    context.say(f"{path}: {says}", keys=str(path), made=made)


@app.command("import")
def import_(
    source: Source,
    *,
    data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    delimiter: Annotated[str, typer.Option(help="What stands between cells; `tab` for a tab.")] = "auto",
    encoding: Annotated[str, typer.Option(help="utf-8, utf-16, cp1252 …")] = "auto",
    jurisdiction: Annotated[Path | None, typer.Option(help="Refuse areas that this file does not have.")] = None,
    consent_wording: Annotated[str, typer.Option(help="What people agreed to, where no column says it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Enter people from a CSV file: number,languages,areas,consent_at,consent_source.

    Rows that cannot be taken are reported and all others are entered; the corrected file can be imported again.
    Nobody who said stop is brought back. A moment without a zone is UTC. Status 1: some rows were refused.
    """
    context = Context(data, realm, as_json)
    rules = Rules(datetime.now(UTC), areas_of(jurisdiction), consent_wording)
    content = read_source(source)
    with _phonebook(context) as book, bar(hidden=as_json) as progress:
        sheet = open_sheet(
            content, None if encoding == "auto" else encoding, {"auto": None, "tab": "\t"}.get(delimiter, delimiter)
        )
        task = progress.add_task("importing", total=len(sheet.lines))
        report = import_sheet(
            book, sheet, rules, dry_run=dry_run,
            progress=lambda line: progress.update(task, completed=line - sheet.first),
        )  # fmt: skip
    show_report(context, report, f"{sheet.encoding}, delimiter {sheet.delimiter!r}", dry_run=dry_run)
    raise typer.Exit(Code.NO if report.refused else Code.DONE)


@app.command()
def export(
    target: Annotated[str, typer.Argument(metavar="FILE|-", help="A new file (0600), or - for standard output.")],
    *,
    data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE,
) -> None:
    """Write everybody, numbers in the clear and opt-outs included, so that an import takes it back."""
    with _phonebook(Context(data, realm)) as book, open_target(target) as file, bar(hidden=False) as progress:
        task = progress.add_task("exporting", total=_everybody(book))
        for people in exporting.export(book, file):
            progress.advance(task, people)


@app.command()
def count(
    *,
    area: Annotated[list[str] | None, typer.Option(help="Only people of this area; may be repeated.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Languages on offer, the default first.")] = None,
    data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:
    """Count the people who would be texted, by language and by area."""
    context = Context(data, realm, as_json)
    with _phonebook(context) as book:
        reach, out = book.count(area, language or ()), book.count_opted_out()
    listed = [
        f"{kind} {name}: {people}"
        for kind, found in (("language", reach.by_language), ("area", reach.by_area))
        for name, people in sorted(found.items())
    ]
    says = "\n".join([f"{reach.people} people", *listed, f"{out} more have opted out"])
    context.say(says, **asdict(reach), opted_out=out)


@app.command()
def forget(
    source: Source, *, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, as_json: JsonOption = False
) -> None:
    """Delete people by their numbers, one a line. What stays is a hash, so that no import brings them back."""
    context, content = Context(data, realm, as_json), read_source(source)
    gone = unknown = refused = 0
    with _phonebook(context) as book:
        for row, line in enumerate(content.decode(encoding_of(content), "replace").splitlines(), 1):
            if not line.strip():
                continue
            try:
                found = book.forget(canonical(line), datetime.now(UTC))
            except NumberError as error:
                refused += 1
                refusal = {"row": row, "why": error.why, "cure": error.cure}
                context.say(f"line {row}: {error.why} -> {error.cure}", refused=refusal)
            else:
                gone, unknown = gone + found, unknown + (not found)
    says = f"{gone} forgotten, {unknown} not known (no import will enter them), {refused} refused"
    context.say(says, forgotten=gone, unknown=unknown, refused=refused)
    raise typer.Exit(Code.NO if refused else Code.DONE)


@app.command()
def rotate(*, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, as_json: JsonOption = False) -> None:
    """Add a new encryption key and move all numbers under it. The older keys stay in the file, for its copies."""
    context, moved = Context(data, realm, as_json), 0
    with _phonebook(context) as book, bar(hidden=as_json) as progress:
        task = progress.add_task("encrypting", total=_everybody(book))
        for people in rotate_keys(book, datetime.now(UTC)):
            moved += people
            progress.advance(task, people)
        name = book.keyring.newest
    context.say(f"{moved} numbers are under the key {name} now; copy the key file again", key=name, moved=moved)


def _everybody(book: Phonebook) -> int:
    return book.count().people + book.count_opted_out()


@contextmanager
def _phonebook(context: Context) -> Iterator[Phonebook]:
    with sentences():
        book = open_phonebook(context.shared, load(PhonebookSettings))
        try:
            yield book
        finally:
            book.close()
