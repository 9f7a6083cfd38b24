"""`tocsin keys rotate`: another key for a room while the house runs. For a while both are believed, then one."""

from enum import StrEnum
from typing import Annotated

import typer

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.keys.administrators import AdminOption, open_administrators
from services.cli.keys.rotation import Rotation
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


def rotate(
    room: RoomArgument, *, admin: AdminOption, end: EndOption = False, overlap: OverlapOption = OVERLAP_S,
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give a room another key while the house runs; then, with --end, let the old one go."""
    try:
        rotation = Rotation(Context(data, realm, as_json), room, open_administrators(admin))
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
