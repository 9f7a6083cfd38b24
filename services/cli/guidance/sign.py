"""`tocsin guidance approve`: one reviewer's signature over one file of a pack, for one jurisdiction, until a date."""

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from schemas.guidance import GuidanceApproval, GuidanceStatement
from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.guidance.shelf import Shelf, approvals_folder, open_shelf
from services.cli.guidance.write import LanguageOption, PackArgument
from services.cli.signing import KeyOption, PersonOption, nonce, open_key, open_trust
from services.compose.guidance import Pack
from services.compose.linting import lint
from services.compose.reviews import ROLES, check, read_approvals
from services.runtime.trust import SigningKey
from services.runtime.trusted import NotTrustedError

RoleOption = Annotated[str, typer.Option("--role", help=f"{' or '.join(ROLES)}; two different people.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="YYYY-MM-DD; by default the pack's review_by.")]
SandboxOption = Annotated[bool, typer.Option("--sandbox-only", help="For drills and sandbox accounts only.")]


def register(app: typer.Typer) -> None:
    """Enter the verb of this file."""
    app.command()(approve)


def approve(
    pack: PackArgument, *, person: PersonOption, key_file: KeyOption, role: RoleOption, until: UntilOption = None,
    language: LanguageOption = None, sandbox_only: SandboxOption = False, data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Sign that a pack's words are right for this jurisdiction. Read `tocsin guidance show PACK --html` first."""
    context = Context(data, realm, as_json)
    shelf = open_shelf(context)
    found = shelf.pack(pack)
    if role not in ROLES:
        fail(f"--role {role}: it is {' or '.join(ROLES)}", Code.WRONG)
    _refuse(found, shelf, sandbox_only=sandbox_only)
    end = _end(found, until)
    made = sign(
        found, shelf, open_key(key_file), realm=realm, person=person, role=role, end=end, language=language,
        sandbox_only=sandbox_only,
    )  # fmt: skip
    _refuse_same_person(made.statement, approvals_folder(context))
    try:
        check(made, open_trust(context), realm)
    except NotTrustedError as error:
        fail(f"nobody would believe that: {error}")
    path = keep(made, approvals_folder(context))
    says = f"{path}: {pack} is approved by {person} as {role} for {shelf.place.id} until {end:%Y-%m-%d}"
    context.say(says, file=str(path), pack=pack, digest=made.statement.digest, person=person, role=role)


def sign(
    pack: Pack, shelf: Shelf, key: SigningKey, *, realm: Realm, person: str, role: str, end: datetime,
    language: str | None = None, sandbox_only: bool = False,
) -> GuidanceApproval:  # fmt: skip
    """One approval; nothing is checked here."""
    files = pack.files()
    if (language or "") not in files:
        fail(
            f"{pack.id} has no file of its own in {language}: {pack.id}.yaml is approved without --language", Code.WRONG
        )
    version = pack.translations[language].version if language else pack.version
    statement = GuidanceStatement.model_validate(
        {
            "realm": realm, "pack": pack.id, "language": language, "version": version, "digest": files[language or ""],
            "jurisdiction": shelf.place.id, "sandbox_only": sandbox_only, "person": person, "role": role,
            "issued": datetime.now(UTC), "until": end, "nonce": nonce(),
        }
    )  # fmt: skip
    return GuidanceApproval(statement=statement, key=key.id, signature=key.sign("guidance", statement))


def keep(approval: GuidanceApproval, folder: Path) -> Path:
    """Write an approval into the folder of approvals; a newer one of the same person replaces the older."""
    said = approval.statement
    name = (
        f"{said.pack}{'.' + said.language if said.language else ''}.{said.jurisdiction}.{said.role}.{said.person}.json"
    )
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{name}.{os.getpid()}"
    fresh.write_text(approval.model_dump_json(indent=1) + "\n")
    return fresh.replace(folder / name)


def _refuse(pack: Pack, shelf: Shelf, *, sandbox_only: bool) -> None:
    """What may not be signed at all."""
    problems = lint(pack, shelf.library.hearings, datetime.now(UTC).date())
    if problems:
        first = problems[0]
        fail(
            f"{len(problems)} problems, the first at {first.where}: {first.says}. See `tocsin guidance lint {pack.id}`"
        )
    if sandbox_only:
        return
    if pack.incomplete:
        fail(f"{pack.id} is a draft: {'; '.join(pack.incomplete)}")
    if second_hand := [name for name, source in pack.sources.items() if not source.is_first_hand]:
        fail(f"{pack.id} rests on what nobody has read at the authority itself: {', '.join(second_hand)}. Read it "
             "there, then write `how: opened` and the day")  # fmt: skip


def _refuse_same_person(said: GuidanceStatement, folder: Path) -> None:
    for other in (approval.statement for approval in read_approvals(folder)[0]):
        if (other.digest, other.person) == (said.digest, said.person) and other.role != said.role:
            fail(f"{said.person} has signed this as {other.role} already: the other role is for somebody else")


def _end(pack: Pack, until: str | None) -> datetime:
    last = date.fromisoformat(pack.review_by)
    try:
        day = date.fromisoformat(until) if until else last
    except ValueError:
        fail(f"--until {until}: write YYYY-MM-DD", Code.WRONG)
    if day > last:
        fail(f"{pack.id} is to be reviewed by {last}: no approval holds longer", Code.WRONG)
    if day <= datetime.now(UTC).date():
        fail(f"{day} has passed: choose a later day, or review the pack first", Code.WRONG)
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
