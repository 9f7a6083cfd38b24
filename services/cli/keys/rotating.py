"""`tocsin keys rotate`: another key for a room while the house runs. For a while both are believed, then one."""

from enum import StrEnum
from typing import Annotated

import typer

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.house.rooms import ROOMS
from services.cli.keys.administrators import AdminOption, open_administrators
from services.cli.keys.rotation import Means, Rotation
from services.runtime.trusted import NotTrustedError

#: What an old key has signed is on its way for minutes at most while all rooms run.
OVERLAP_S = 600


class Holder(StrEnum):
    """The rooms that hold a key."""

    APPROVE = "approve"
    AUDIENCE = "audience"


RoomArgument = Annotated[Holder, typer.Argument(help="Whose key.")]
EndOption = Annotated[bool, typer.Option("--end", help="End the overlap: the old key is believed no more.")]
OverlapOption = Annotated[
    int, typer.Option("--overlap", metavar="SECONDS", min=0, help="With --end: how long both must have been believed.")
]
SilentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--although-silent", metavar="ROOM", help="Go on although this room does not answer; may be repeated."
    ),
]


def rotate(
    room: RoomArgument, *, admin: AdminOption, end: EndOption = False, overlap: OverlapOption = OVERLAP_S,
    although_silent: SilentOption = None, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give a room another key while the house runs; then, with --end, let the old one go."""
    try:
        means = Means(open_administrators(admin), _rooms(although_silent or []))
        rotation = Rotation(Context(data, realm, as_json), room, means)
        if end:
            rotation.end(overlap)
        else:
            rotation.begin()
    except NotTrustedError as error:
        fail(f"no bundle was made: {error}", Code.WRONG)
    except ValueError as error:
        fail(str(error), Code.WRONG)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", Code.WRONG)


def _rooms(given: list[str]) -> frozenset[str]:
    known = {name: spec.name for spec in ROOMS for name in (spec.name, spec.slug)}
    if wrong := [each for each in given if each not in known]:
        fail(f"--although-silent {wrong[0]}: write one of {', '.join(spec.name for spec in ROOMS)}", Code.WRONG)
    return frozenset(known[each] for each in given)
