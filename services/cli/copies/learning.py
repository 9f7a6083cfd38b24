"""What compose has said since the backup, out of the topic on which it said it: it must not say it in other words.

A Broadcast names the moment in which it was composed. Composed again it would have another digest, and the people who
signed the first would be asked for the second.
"""

from collections.abc import Iterable, Sequence

from schemas.topics import COMPOSED
from schemas.words import Realm
from services.cli import wire
from services.cli.copies.stores import Place
from services.compose.learning import learn
from services.runtime.store import Store

ROOM = "compose"


async def read_broadcasts(servers: str, realm: Realm) -> list[bytes]:
    """Every Broadcast on compose's topic; none where there is no such topic. Fails as `wire.read_all`."""
    found = await wire.read_all(servers, [COMPOSED.full(realm)], missing_ok=True)
    return [each.value for each in found if each.value]


def learn_broadcasts(found: Sequence[Place], broadcasts: Iterable[bytes]) -> int:
    """Give compose those that its store does not know, where it is among the stores; how many."""
    place = next((each for each in found if each.room == ROOM), None)
    if place is None:
        return 0
    store = Store(place.url, place.tables, restores=True)
    try:
        with store.begin() as connection:
            return sum(learn(connection, value) for value in broadcasts)
    finally:
        store.close()
