"""Versions: Python, and the PostgreSQL of each store that is on one."""

import sys
from collections.abc import Iterator

import sqlalchemy as sa
from pydantic import ValidationError

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.copies.stores import Place, places
from services.cli.errors import Failure
from services.runtime import postgres
from services.runtime.postgres import StoreError

PYTHON = (3, 11)
#: The oldest that PostgreSQL's own project still mended in 2026 (https://www.postgresql.org/support/versioning/).
POSTGRES = 14


def look(context: Context) -> Iterator[Found]:
    """Python's version, and that every server answers, is new enough and keeps what it has answered."""
    yield python(sys.version_info[:3])
    try:
        for place in places(context):
            if place.file is None:
                yield _server(place)
    except (ValidationError, StoreError, Failure, OSError):  # `configuration` says which setting it is
        yield mind("stores", "not every room's was looked at: a setting is wrong", "correct it, then ask again")


def python(found: tuple[int, ...]) -> Found:
    """Whether this Python is new enough."""
    version = ".".join(map(str, found))
    if found[:2] < PYTHON:
        return bad(
            "python", f"this is Python {version}, and Tocsin needs 3.11 or later", "make setup PYTHON=python3.11"
        )
    return good("python", version)


def _server(place: Place) -> Found:
    try:
        engine = postgres.open_engine(sa.make_url(place.url))
    except StoreError as error:
        return bad(place.room, str(error), "correct its …_DATABASE_URL")
    try:
        with engine.connect() as connection:
            number = int(connection.scalar(sa.text("SHOW server_version_num")) or 0)
            loses = [s for s in ("fsync", "synchronous_commit") if connection.scalar(sa.text(f"SHOW {s}")) == "off"]
    except sa.exc.DBAPIError as error:
        return bad(
            place.room, f"its PostgreSQL does not answer: {postgres.said(error)}", "start it, or correct the URL"
        )
    finally:
        engine.dispose()
    return server(place.room, number, loses)


def server(room: str, number: int, loses: list[str]) -> Found:
    """What a server's `server_version_num` (140005 is 14.5), and the settings by which it may lose a commit, mean."""
    version = f"{number // 10_000}.{number % 10_000}"
    if number < POSTGRES * 10_000:
        says = f"its PostgreSQL is {version}, and Tocsin needs {POSTGRES} or later: an older one is not mended any more"
        return bad(room, says, "upgrade the server (pg_upgrade), or restore a backup on a newer one")
    if loses:
        return bad(room, f"its PostgreSQL has {loses[0]}=off: a commit that it answered could be lost", "set it on")
    return good(room, f"its store is on PostgreSQL {version}")
