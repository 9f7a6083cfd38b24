"""`tocsin guidance …`: the library of safety instructions, for those who write, review and sign it."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import fail
from services.cli.guidance import sign as guidance_sign
from services.cli.guidance import write as guidance_write
from services.cli.guidance.shelf import Shelf, open_shelf
from services.compose import filling
from services.compose.guidance import Pack
from services.compose.linting import Problem, lint, lint_contacts
from services.compose.matching import Signs
from services.compose.probing import reach

app = typer.Typer(no_args_is_help=True, help="Safety instructions: write, check, find, review and sign them.")
PacksArgument = Annotated[list[str] | None, typer.Argument(metavar="[PACK]...", help="Packs by id; all by default.")]
DaysOption = Annotated[int, typer.Option("--days", min=0, help="How many days ahead to look.")]


@app.command("lint")
def lint_packs(packs: PacksArgument = None, *, as_json: JsonOption = False) -> None:
    """Check packs and contacts by the named rules (exit code 1: something is wrong)."""
    shelf, context = open_shelf(), Context(as_json=as_json)
    today = datetime.now(UTC).date()
    chosen = [shelf.pack(name) for name in packs] if packs else list(shelf.library.packs.values())
    found = [problem for pack in chosen for problem in lint(pack, shelf.library.hearings, today)]
    found += [] if packs else lint_contacts(shelf.library.contacts.values(), today)
    for problem in found:
        _say(context, problem)
    drafts = [pack for pack in chosen if not pack.is_complete]
    for pack in drafts:
        says = f"{pack.id}: a draft: {'; '.join(pack.incomplete)}"
        context.say(says, rule="draft", where=pack.id, says="; ".join(pack.incomplete))
    if found:
        fail(f"{len(found)} problems in {len(chosen)} packs")
    if not as_json:
        counted = "1 pack" if len(chosen) == 1 else f"{len(chosen)} packs"
        print(f"{counted}: no problems; drafts that say why: {len(drafts)}")
        print(_read_where([pack for pack in chosen if pack.is_complete]))


def _read_where(packs: list[Pack]) -> str:
    """How many facts of the complete packs somebody has read at the authority itself."""
    facts, read = sum(len(pack.facts) for pack in packs), sum(len(pack.first_hand()) for pack in packs)
    share = f" ({read / facts:.0%})" if facts else ""
    return f"facts of complete packs: {facts}, read at the authority itself: {read}{share}; the others stop an approval"


def _say(context: Context, problem: Problem) -> None:
    context.say(f"{problem.where}: {problem.says} [{problem.rule}]", **problem.__dict__)


@app.command("list")
def list_packs(
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False
) -> None:
    """Every pack, and whether its words may be used in this jurisdiction."""
    shelf, context = open_shelf(Context(data, realm)), Context(as_json=as_json)
    for pack in shelf.library.packs.values():
        allowed = shelf.permit(pack, realm)
        holes = [name for name in filling.holes(pack, shelf.place) if pack.parameters[name].required]
        state = "approved" if allowed.is_approved else "complete draft" if pack.is_complete else "draft"
        why = "; ".join(finding.says for finding in (*allowed.stops, *allowed.notes))
        line = f"{pack.id:24} {pack.version:>3}  {state:14} {','.join(pack.languages):8} review by {pack.review_by}"
        line += f"  open here: {', '.join(map(str, holes))}" if holes else ""
        context.say(
            line, pack=pack.id, version=pack.version, state=state, languages=list(pack.languages), why=why,
            review_by=pack.review_by, digest=pack.digest, open=holes, incomplete=list(pack.incomplete),
        )  # fmt: skip


@app.command()
def due(
    days: DaysOption = 30, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """What runs out within so many days: packs, contacts and approvals (exit code 1: something has already)."""
    shelf, context = open_shelf(Context(data, realm)), Context(as_json=as_json)
    today = datetime.now(UTC).date()
    ends = sorted(_ends(shelf), key=lambda end: end[2])
    for kind, name, day in ends:
        if day <= today + timedelta(days=days):
            word = "since" if day < today else "on"
            context.say(f"{kind} {name}: runs out {word} {day}", kind=kind, name=name, day=day)
    if late := sum(day < today for _, _, day in ends):
        fail(f"{late} have run out")
    if not as_json and not any(day <= today + timedelta(days=days) for _, _, day in ends):
        print(f"nothing runs out within {days} days")


def _ends(shelf: Shelf) -> list[tuple[str, str, date]]:
    library = shelf.library
    used = library.jurisdiction.all_contacts
    packs = [("pack", pack.id, date.fromisoformat(pack.review_by)) for pack in library.packs.values()]
    contacts = [("contact", name, date.fromisoformat(library.contacts[name].review_by)) for name in sorted(used)]
    signed = [("approval", f"{said.pack} by {said.person}", said.until.date()) for said in library.reviews.statements]
    return packs + contacts + signed


@app.command()
def find(*, as_json: JsonOption = False) -> None:
    """Which pack an alert needs. Reads lines {"event", "category", "headline"} from standard input."""
    finder, context = open_shelf().library.finder, Context(as_json=as_json)
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            found = finder.find(_signs(json.loads(line)))
        except (ValueError, TypeError) as error:
            says = f"line {number} is no object with event, category and headline: {error}"
            context.say(says, pack=None, sure=False, candidates=[], why=says)
            continue
        sure = found.pack is not None
        answer = found.pack or f"a person ({', '.join(found.candidates) or 'no pack'})"
        context.say(f"{answer}: {found.why}", pack=found.pack, sure=sure, candidates=found.candidates, why=found.why)


def _signs(said: Any) -> Signs:  # noqa: ANN401 - whatever JSON stands on the line
    if not isinstance(said, dict):
        raise TypeError("it is something else")
    codes = [(str(c["valueName"]), str(c["value"])) for c in said.get("eventCode") or ()]
    return Signs(
        _texts(said.get("event")), _texts(said.get("headline")), tuple(codes), _texts(said.get("category")),
        _texts(said.get("responseType")),
    )  # fmt: skip


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a word, a list of words, or nothing
    listed = value if isinstance(value, list) else [value]
    return tuple(str(each) for each in listed if each)


@app.command()
def contacts(
    *, probe: Annotated[bool, typer.Option("--probe", help="Ask each page whether it answers.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Every contact and when it was checked; with --probe whether its pages answer (exit code 1: one is wrong)."""
    shelf, context = open_shelf(), Context(as_json=as_json)
    problems = lint_contacts(shelf.library.contacts.values(), datetime.now(UTC).date())
    for contact in shelf.library.contacts.values():
        pages = [value for mode, value in contact.modes.items() if mode in {"web", "chat"}] if probe else []
        answers = {page: "answers" if reach(page) else "does not answer" for page in pages}
        checked = contact.verified_on or "never"
        opens = contact.opens if isinstance(contact.opens, str) else ", ".join(contact.opens)
        line = f"{contact.id:26} {contact.kind:18} checked {checked}, again by {contact.review_by}; answers: {opens}"
        line += "".join(f"; {page} {answer}" for page, answer in answers.items())
        context.say(
            line, contact=contact.id, kind=contact.kind, verified_on=contact.verified_on, opens=opens, pages=answers
        )
    for problem in problems:
        _say(context, problem)
    if problems:
        fail(f"{len(problems)} problems")


guidance_write.register(app)
guidance_sign.register(app)
