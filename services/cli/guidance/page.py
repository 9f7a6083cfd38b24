"""A pack laid out for its reviewer: every sentence beside what it rests on, and beside its twin."""

from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.cli.guidance.shelf import Shelf
from services.compose import filling
from services.compose.allowed import Permit
from services.compose.guidance import Pack, Sentence
from services.compose.hearing import SLOT
from services.compose.linting.rules import FORMS

TEMPLATE = "review.html.j2"


def rows(pack: Pack) -> Iterator[dict[str, Any]]:
    """One row a step and form: its words in every language, its facts with their sources, and what it does for you."""
    roles = {step: [role for role, steps in pack.roles.items() if step in steps] for step in _steps(pack)}
    for form in FORMS:
        by_language = {name: {s.id: s for s in getattr(w, form)} for name, w in pack.languages.items()}
        for step in dict.fromkeys(step for sentences in by_language.values() for step in sentences):
            twins = {name: sentences.get(step) for name, sentences in by_language.items()}
            one = next(sentence for sentence in twins.values() if sentence is not None)
            yield {
                "form": form,
                "step": step,
                "roles": roles.get(step, []) if form == "long" else [],
                "texts": {name: _text(pack, name, twin, form) for name, twin in twins.items()},
                "facts": [_fact(pack, name) for name in one.facts],
            }


def _steps(pack: Pack) -> set[str]:
    return {step for steps in pack.roles.values() for step in steps}


def _text(pack: Pack, language: str, sentence: Sentence | None, form: str) -> dict[str, str]:
    if sentence is None:
        return {"says": "", "why": ""}
    why = pack.languages[language].why.get(sentence.id, "") if form == "long" else ""
    return {"says": sentence.text, "why": why}


def _fact(pack: Pack, name: str) -> dict[str, Any]:
    return {"name": name, "says": pack.facts[name].says, "sources": [pack.sources[s] for s in pack.facts[name].sources]}


def page(pack: Pack, shelf: Shelf, allowed: Permit) -> str:
    """The HTML page: no script, nothing loaded from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(shelf.folder), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    values = {name: shelf.place.parameters.get(name) for name in pack.parameters}
    return environment.get_template(TEMPLATE).render(
        spoken=_spoken(pack, shelf), pack=pack, rows=list(rows(pack)), place=shelf.place, values=values,
        files=pack.files(), findings=(*allowed.stops, *allowed.notes), directions=_directions(pack, shelf),
    )  # fmt: skip


def _spoken(pack: Pack, shelf: Shelf) -> Callable[[str, str], list[tuple[str, str]]]:
    """A sentence in pieces (text, name): what this place fills in is shown and named; a slot stays open."""
    words = shelf.library.words
    values = {name: filling.values(pack, shelf.place, {}, words[name]) for name in pack.languages if name in words}

    def pieces(language: str, text: str) -> list[tuple[str, str]]:
        known, found = values.get(language, {}), SLOT.split(text)
        return [(known.get(piece, f"({piece})"), piece) if at % 2 else (piece, "") for at, piece in enumerate(found)]

    return pieces


def _directions(pack: Pack, shelf: Shelf) -> dict[str, str]:
    """How each language is written; the browser decides where this place has no words of it."""
    words = shelf.library.words
    return {name: words[name].direction if name in words else "auto" for name in pack.languages}


def lines(pack: Pack, allowed: Permit) -> Iterator[str]:
    """The same for a terminal."""
    yield f"{pack.id} {pack.version} · {pack.status} · review by {pack.review_by} · {pack.digest}"
    yield from (finding.says for finding in (*allowed.stops, *allowed.notes))
    yield from (f"missing: {each}" for each in pack.incomplete)
    for row in rows(pack):
        yield f"\n{row['form']}/{row['step']}" + (f" ({', '.join(row['roles'])})" if row["roles"] else "")
        for language, text in row["texts"].items():
            yield f"  {language}: {text['says']}" + (f" ({text['why']})" if text["why"] else "")
        for fact in row["facts"]:
            yield f"    {fact['name']}: {fact['says']}"
            for source in fact["sources"]:
                where = source.address or "no address known"
                yield f"      {source.authority}, {where}, {source.how}, read {source.read_on}"
