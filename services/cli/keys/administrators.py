"""The two who sign each bundle, and how it gets to the rooms."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.topics import TRUST
from schemas.trust import Bundle
from services.cli.context import Context
from services.cli.errors import Code, Failure, fail
from services.cli.signing import open_key
from services.runtime.trust import SigningKey

AdminOption = Annotated[
    list[str], typer.Option("--admin", metavar="NAME=FILE", help="An administrator and their private key; twice.")
]
PUBLISHED = "published to every room"


def open_administrators(given: list[str]) -> dict[str, SigningKey]:
    """Each administrator's private key, by name."""
    found = {}
    for text in given:
        name, separator, file = text.partition("=")
        if not separator:
            fail(f"--admin {text}: write NAME=FILE, for example --admin admin-1=admin-1.pem", Code.WRONG)
        found[name] = open_key(Path(file))
    return found


def tell(context: Context, made: Bundle) -> str:
    """Publish where Kafka is there; the file alone is enough for rooms that start later on this data folder."""
    try:
        context.publish(TRUST, "bundle", made)
    except Failure as failure:
        return f"not published, rooms take it from the file when they start: {failure}"
    return PUBLISHED
