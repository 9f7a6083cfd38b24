"""Whom a Broadcast is for: people of its areas who have not opted out, each once and in one language."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from services.phonebook.tables import NOT_OUT, SPACE, subscriber, subscriber_area

CHUNK = 500


@dataclass(frozen=True)
class Reach:
    """How many people a selection has. Somebody with two areas counts in each of them, but once in `people`."""

    people: int
    by_language: dict[str, int]
    by_area: dict[str, int]


def language_for(theirs: Sequence[str], offered: Sequence[str]) -> str:
    """The first of `theirs` that is offered (who reads es-MX also reads es-US), else the first offered.

    Where nothing is offered, the language that they read best.
    """
    for wanted in theirs:
        for same in (_whole, _primary):
            found = next((each for each in offered if same(each) == same(wanted)), None)
            if found is not None:
                return found
    return offered[0] if offered else theirs[0]


def select(connection: sa.Connection, areas: Sequence[str], offered: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(id, language of `offered`) of everyone in any of `areas`, ordered by id, in one query of one moment."""
    query = (
        sa.select(subscriber.c.id, subscriber.c.languages)
        .where(subscriber.c.id.in_(_living_in(areas)), NOT_OUT)
        .order_by(subscriber.c.id)
    )
    yield from _with_language(connection.execution_options(yield_per=1000).execute(query), offered)


def still(connection: sa.Connection, ids: Sequence[str], offered: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(id, language) of those of `ids` who are here and have not opted out, ordered by id."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        query = (
            sa.select(subscriber.c.id, subscriber.c.languages)
            .where(subscriber.c.id.in_(ordered[start : start + CHUNK]), NOT_OUT)
            .order_by(subscriber.c.id)
        )
        yield from _with_language(connection.execute(query), offered)


def count(connection: sa.Connection, areas: Sequence[str] | None, offered: Sequence[str]) -> Reach:
    """How many people `select` would give; with no areas named, how many there are."""
    lives = sa.true() if areas is None else subscriber.c.id.in_(_living_in(areas))
    groups = connection.execute(
        sa.select(subscriber.c.languages, sa.func.count()).where(lives, NOT_OUT).group_by(subscriber.c.languages)
    ).all()
    by_language: Counter[str] = Counter()
    for languages, people in groups:
        by_language[language_for(languages.split(SPACE), offered)] += people
    by_area = connection.execute(
        sa.select(subscriber_area.c.area, sa.func.count())
        .join(subscriber, subscriber.c.id == subscriber_area.c.id)
        .where(sa.true() if areas is None else subscriber_area.c.area.in_(areas), NOT_OUT)
        .group_by(subscriber_area.c.area)
    ).all()
    return Reach(by_language.total(), dict(by_language), dict(by_area))


def _living_in(areas: Sequence[str]) -> sa.Select[str]:
    return sa.select(subscriber_area.c.id).where(subscriber_area.c.area.in_(areas))


def _with_language(rows: sa.CursorResult[str, str], offered: Sequence[str]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for each, languages in rows:
        if languages not in seen:
            seen[languages] = language_for(languages.split(SPACE), offered)
        yield each, seen[languages]


def _whole(language: str) -> str:
    return language.casefold()


def _primary(language: str) -> str:
    return language.casefold().split("-")[0]
