"""Stores that belong to the house though none is found where the settings say: a backup without them would lie.

A room that has never been started has no store, and its house is only a small one. That it has been started is shown by
Kafka, which knows how far it has read, or by its door in the data folder. Where Kafka cannot be asked, a store that is
to be a file beside others on PostgreSQL is taken for one whose setting is missing here.
"""

from collections.abc import Collection, Sequence

from services.cli.context import Context
from services.cli.copies.manifest import Offsets
from services.cli.copies.stores import PHONEBOOK, Place
from services.runtime.doors import read_doors

#: Rooms that do not start without the phonebook.
_OPEN_PHONEBOOK = {"audience", "dispatch/sms"}


def lacking(context: Context, found: Sequence[Place], copied: Collection[str], offsets: Offsets | None) -> list[Place]:
    """The stores that are not among the rooms `copied`, and must be."""
    shared = offsets is None and any(place.file is None for place in found if place.room in copied)
    away = [place for place in found if place.room not in copied]
    rooms = [place for place in away if _has_run(context, place, offsets) or (shared and place.file is not None)]
    house = {*copied, *(place.room for place in rooms)}
    book = [place for place in away if place.room == PHONEBOOK and place not in rooms and house & _OPEN_PHONEBOOK]
    return [*book, *rooms]


def _has_run(context: Context, place: Place, offsets: Offsets | None) -> bool:
    group = f"{context.realm.value}.{place.slug}."
    return any(name.startswith(group) for name in offsets or {}) or bool(read_doors(context.home, place.room))


def says(missing: Sequence[Place]) -> str:
    """What to do about it."""
    rooms, settings = (", ".join(words) for words in zip(*((each.room, each.setting) for each in missing), strict=True))
    return (
        f"this house has stores of {rooms}, and none is where the settings here say: set {settings} (or …_FILE) as the "
        "rooms have them, and --data; of a room that was given up say --without ROOM"
    )
