"""Where the exact bytes are got from. They are hashed here and shown, and never believed for where they came from."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.broadcast import Broadcast
from schemas.release import Release
from schemas.topics import RELEASED
from services.cli import wire
from services.cli.context import Context
from services.cli.doors import one_door
from services.cli.errors import Code, Failure, fail
from services.runtime import trust, verifier
from services.runtime.trusted import NotTrustedError

_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")
#: How long a withdrawal waits for a door that may be hanging, before it looks elsewhere.
DOOR_S = 3.0


@dataclass(frozen=True)
class Hashed:
    """A Broadcast that hashes to its digest by our own reckoning. `facts` are what approve says of it, unsigned."""

    broadcast: Broadcast
    text: str
    digest: str
    facts: dict[str, Any]
    source: str


def digits_of(prefix: str) -> str | None:
    """The hex digits of a digest's beginning, 8 or more, with or without `sha256:`; None for anything else."""
    match = _PREFIX.fullmatch(prefix.lower())
    return match[1] if match else None


def waiting(context: Context, prefix: str) -> Hashed:
    """What approve has under the beginning of a digest."""
    digits = digits_of(prefix)
    if digits is None:
        fail(f"{prefix} is no digest: give 8 or more of its hex digits, as `tocsin pending` shows them", Code.WRONG)
    items = context.get("approve", f"/digests/{digits}")
    if not items:
        fail(f"approve has nothing whose digest begins with {digits}: `tocsin pending` shows what waits")
    if len(items) > 1:
        fail(f"{len(items)} digests begin with {digits}: give more of its digits", Code.WRONG)
    found = hashed(context, items[0]["text"], "approve", items[0])
    if not found.digest.startswith(f"sha256:{digits}"):
        fail(f"approve gave bytes that hash to {found.digest}, which is not what you asked for: do not sign anything, "
             "and have that machine looked at")  # fmt: skip
    return found


def hashed(context: Context, text: str, source: str, facts: dict[str, Any] | None = None) -> Hashed:
    """Hash what some room gave, and read it; ends when it is no Broadcast of this realm."""
    digest = trust.digest_of(text.encode("utf-8", "replace"))
    try:
        broadcast = verifier.broadcast_of(text, digest, context.realm)
    except NotTrustedError as error:
        fail(f"what {source} gave cannot be signed: {error}")
    return Hashed(broadcast, text, digest, facts or {}, source)


def released(context: Context, lineage: str) -> Hashed:
    """The newest Broadcast of a lineage that was released, from whoever can still tell.

    Approve and record are asked at once; when neither knows, the topic itself is read, which is there for as long as a
    withdrawal can be published at all.
    """
    texts = asyncio.run(_from_doors(context, lineage)) or list(_from_topic(context, lineage))
    ours = [found for source, text in texts if (found := _readable(context, text, source, lineage))]
    if not ours:
        fail(f"nothing of lineage {lineage} was released, so there is nothing to take back; what still waits is "
             "stopped with `tocsin reject DIGEST`")  # fmt: skip
    return max(ours, key=lambda each: (each.broadcast.version, each.broadcast.revision))


def _readable(context: Context, text: str, source: str, lineage: str) -> Hashed | None:
    """One broken source must not keep the others from taking an alert back."""
    with contextlib.suppress(Failure):
        found = hashed(context, text, source)
        return found if found.broadcast.lineage == lineage else None
    return None


async def _from_doors(context: Context, lineage: str) -> list[tuple[str, str]]:
    approve, record = await asyncio.gather(
        _ask(context, "approve", f"/lineages/{lineage}"), _ask(context, "record", f"/broadcasts/{lineage}")
    )
    found = [("approve", item["text"]) for item in approve or () if item["released_at"]]
    return [*found, ("record", record["broadcast"])] if record else found


async def _ask(context: Context, room: str, path: str) -> Any:  # noqa: ANN401 - whatever JSON the door answers
    """The answer, or None from a door that is shut, hangs, or does not know."""
    with contextlib.suppress(Failure, TimeoutError, OSError, ValueError):
        address = one_door(context.home, room).get("private")
        if address:
            async with asyncio.timeout(DOOR_S):
                return await wire.get_json(address + path, room)
    return None


def _from_topic(context: Context, lineage: str) -> Iterator[tuple[str, str]]:
    for envelope in context.read(RELEASED):
        if envelope.key == lineage.encode() and envelope.value:
            with contextlib.suppress(ValueError):  # what is no Release takes nothing back
                yield "the topic", Release.model_validate_json(envelope.value).broadcast
