"""Which alert somebody means: by its lineage, the first digits of it, or its page's address, which stands in a post."""

import contextlib
import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

import typer

from schemas.topics import RELEASED
from services.cli.context import Context
from services.cli.errors import Code, Failure, fail

_DIGITS = re.compile(r"[0-9a-f]{8,32}")
WHOLE = 32
LineageArgument = Annotated[
    str, typer.Argument(metavar="LINEAGE", help="Or its first 8 digits, or its page's address.")
]


def whole(context: Context, given: str) -> str:
    """The lineage that `given` means. A whole one is believed; of a shorter one, record is asked, then the topic.

    Ends when it is the beginning of none, or of several.
    """
    digits = given.rstrip("/").rpartition("/")[2].lower()
    if not _DIGITS.fullmatch(digits):
        fail(f"{given} is no lineage: give it as `tocsin status` shows it, 8 or more of its digits, or the address of "
             "its page", Code.WRONG)  # fmt: skip
    if len(digits) == WHOLE:
        return digits
    found = _beginning(digits, _of_record(context)) or _beginning(digits, _of_topic(context))
    if not found:
        fail(f"no alert's lineage begins with {digits} in this realm ({context.realm}): `tocsin status` lists those "
             "that have come")  # fmt: skip
    if len(found) > 1:
        fail(f"{len(found)} lineages begin with {digits}: give more of its digits ({', '.join(sorted(found))})",
             Code.WRONG)  # fmt: skip
    return found.pop()


def _beginning(digits: str, lineages: Iterator[str]) -> set[str]:
    return {lineage for lineage in lineages if lineage.startswith(digits)}


def _of_record(context: Context) -> Iterator[str]:
    """All that have come, the newest first; nothing where record does not answer."""
    before = ""
    with contextlib.suppress(Failure):
        while page := context.get("record", f"/alerts?limit=1000{before}"):
            yield from (alert["lineage"] for alert in page["alerts"])
            if not page["next"]:
                return
            before = f"&before={quote(page['next'])}"


def _of_topic(context: Context) -> Iterator[str]:
    """All that were released."""
    for envelope in context.read(RELEASED):
        if envelope.key:
            yield envelope.key.decode("ascii", "replace")
