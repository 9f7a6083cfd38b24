"""The mark of a restore that is under way, in every store of a house: see `services.runtime.restoring`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from services.cli.context import Context
from services.cli.copies import postgres_schemas, sqlite_files
from services.cli.copies.stores import Place, places
from services.runtime import postgres, restoring
from services.runtime.postgres import StoreError


def put(found: Sequence[Place]) -> None:
    """Mark each, also where there is nothing yet: it must not begin empty beside stores out of a backup.

    StoreError, DBAPIError or OSError where one cannot be.
    """
    for place in found:
        if place.file is not None:
            place.file.parent.mkdir(parents=True, exist_ok=True)
        with _begin(place) as connection:
            if place.file is None:
                postgres.make_tables_in(connection, lambda here, _schema: restoring.mark(here))
            else:
                restoring.mark(connection)


def lift(found: Sequence[Place]) -> None:
    """Take the marks away; a file that held nothing else goes with it. Fails as `put` does."""
    for place in found:
        with _begin(place) as connection:
            restoring.unmark(connection)
        if place.file is not None and not sqlite_files.rows(place.file):
            place.file.unlink()


def unfinished(context: Context) -> list[str]:
    """The rooms whose stores a restore has left half put back; one that cannot be asked now is left out.

    StoreError where a setting is wrong.
    """
    return [place.room for place in places(context) if _asked(place)]


def _asked(place: Place) -> bool:
    try:
        return is_marked(place)
    except (StoreError, sa.exc.DBAPIError, OSError):
        return False


def is_marked(place: Place) -> bool:
    """Whether a restore has begun with this store and not finished. StoreError or DBAPIError where it is away."""
    if place.file is not None and not place.file.exists():
        return False
    with _begin(place) as connection:
        return restoring.marked(connection)


@contextmanager
def _begin(place: Place) -> Iterator[sa.Connection]:
    """A transaction on the store as it is: nothing is brought up to date, and nobody is refused."""
    engine = postgres_schemas.engine_of(place) if place.file is None else sa.create_engine(place.url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
