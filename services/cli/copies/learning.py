"""What compose has said since the backup, out of the topic on which it said it: it must not say it in other words.

A Broadcast names the moment in which it was composed. Composed again it would have another digest, and the people who
signed the first would be asked for the second.
"""

from schemas.topics import COMPOSED
from services.cli.context import Context
from services.cli.copies.stores import places
from services.compose.learning import learn
from services.runtime.store import Store

ROOM = "compose"


def learn_broadcasts(context: Context) -> int:
    """Give compose every Broadcast on its topic that its store does not know; how many. Fails as `Context.read`."""
    found = [each.value for each in context.read(COMPOSED) if each.value]
    place = next(each for each in places(context) if each.room == ROOM)
    store = Store(place.url, place.tables)
    try:
        with store.begin() as connection:
            return sum(learn(connection, value) for value in found)
    finally:
        store.close()
