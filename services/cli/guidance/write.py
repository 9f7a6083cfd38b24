"""`tocsin guidance new`, `show` and `diff`: a fresh pack to fill, the page that a reviewer signs, what has changed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.guidance.page import lines, page
from services.cli.guidance.shelf import open_shelf
from services.place.reading import DataError, read_yaml

LanguageOption = Annotated[str | None, typer.Option("--language", help="A further language: its code, such as ar.")]
PackArgument = Annotated[str, typer.Argument(metavar="PACK", help="A pack's id.")]


def register(app: typer.Typer) -> None:
    """Enter the verbs of this file."""
    app.command()(new)
    app.command()(show)
    app.command()(diff)


def new(pack: PackArgument, language: LanguageOption = None) -> None:
    """Write a fresh pack, or with --language a further language of one, for a person to fill."""
    shelf = open_shelf()
    skeletons = shelf.folder / "skeletons"
    if language is None:
        path, text = shelf.folder / f"{pack}.yaml", (skeletons / "pack.yaml").read_text("utf-8")
    else:
        known = shelf.pack(pack)
        path, text = shelf.folder / f"{pack}.{language}.yaml", (skeletons / "language.yaml").read_text("utf-8")
        text += _steps(known.languages[next(iter(known.languages))].model_dump(exclude={"name", "about"}))
    if path.exists():
        fail(f"{path} is there already and is never overwritten: edit it", Code.WRONG)
    path.write_text(text.replace("@PACK@", pack).replace("@LANGUAGE@", language or ""), "utf-8")
    print(f"{path}: fill it, then `tocsin guidance lint {pack}`")


def _steps(wording: dict[str, Any]) -> str:
    """The same steps with the same facts, each with the first language's words to be replaced."""
    out = []
    why = wording.pop("why")
    for form, sentences in wording.items():
        out.append(f"  {form}:" if sentences else f"  {form}: []")
        for each in sentences:
            facts = ", ".join(each["facts"])
            out.append(f"    # {each['text']}")
            out.append(f'    - {{id: {each["id"]}, text: "TODO", facts: [{facts}]}}')
    out += ["  why:", *(f'    {step}: "TODO" # {text}' for step, text in why.items())] if why else []
    return "\n".join(out) + "\n"


def show(
    pack: PackArgument, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *,
    html: Annotated[bool, typer.Option("--html", help="The page that a reviewer signs, on standard output.")] = False,
) -> None:  # fmt: skip
    """Each sentence of a pack beside its facts, their sources and dates, and its twin in the other languages."""
    shelf = open_shelf(Context(data, realm))
    found = shelf.pack(pack)
    if html:
        print(page(found, shelf, shelf.permit(found, realm)))
    else:
        print("\n".join(lines(found, shelf.permit(found, realm))))


def diff(
    pack: PackArgument,
    other: Annotated[Path, typer.Argument(help="Another version of the pack's file.")],
    *, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """What has changed in a pack's words and facts since another version of its file (exit code 1: something has)."""
    path = open_shelf().folder / f"{pack}.yaml"
    try:
        now, before = _leaves(read_yaml(path)), _leaves(read_yaml(other))
    except DataError as error:
        fail(str(error), Code.WRONG)
    context = Context(as_json=as_json)
    changed = [
        place for place in (*before, *(p for p in now if p not in before)) if before.get(place) != now.get(place)
    ]
    for place in changed:
        was, is_now = before.get(place), now.get(place)
        context.say(f"{place}\n  - {was}\n  + {is_now}", place=place, was=was, now=is_now)
    if changed:
        fail(f"{len(changed)} differences: an approval of the other version does not hold for this one")
    print("no difference", flush=True) if not as_json else None


def _leaves(content: Any, at: str = "") -> dict[str, str]:  # noqa: ANN401 - YAML holds anything
    """Every value by its place; a step or a sentence by its id, so that moving one is no change of its neighbours."""
    if isinstance(content, dict):
        pairs = [(str(key), value) for key, value in content.items() if key != "id"]
        return {place: leaf for key, value in pairs for place, leaf in _leaves(value, f"{at}/{key}").items()}
    if isinstance(content, list) and any(isinstance(each, dict) for each in content):
        named = [(str(each.get("id", number)), each) for number, each in enumerate(content)]
        return {place: leaf for key, value in named for place, leaf in _leaves(value, f"{at}/{key}").items()}
    return {at: str(content)}
