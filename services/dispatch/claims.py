"""Whose messages are those that a list shows: one message is one delivery's, and several deliveries may read alike."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from schemas.words import State
from services.dispatch.evidence import Evidence
from services.dispatch.tables import IN_DOUBT, delivery, platform_id

_NO_TIME = datetime.min.replace(tzinfo=UTC)
#: Of these nobody knows whether they arrived: a message that reads as they do may be theirs.
_UNRESOLVED = delivery.c.state == sa.literal_column(f"'{State.UNRESOLVED}'")
_WAITING = sa.or_(IN_DOUBT, _UNRESOLVED)
_BARE = ~sa.exists().where(platform_id.c.delivery == delivery.c.id)


def unclaimed(connection: sa.Connection, found: Sequence[Evidence]) -> list[Evidence]:
    """What a list shows and no *other* delivery has; of one message, who is named first."""
    owners = _owners(connection, found)
    return [item for item in found if owners.setdefault(item.platform_id, {item.delivery}) == {item.delivery}]


def shared(connection: sa.Connection, found: Sequence[Evidence], *, twins: bool = True) -> list[Evidence]:
    """The same for a list of which several deliveries may claim one message: each has its own before one has two.

    Without `twins` a second message is nobody's; with it, it is its delivery's, unless a delivery to the same target
    waits to know whether it arrived: then the message may be that one's, and its own look-up, or the next comparison,
    says so. To take it from there would send that one again.
    """
    owners = _owners(connection, found)
    mine = [item for item in found if owners.get(item.platform_id) == {item.delivery}]
    loose = [item for item in found if item.platform_id not in owners]
    if not loose:
        return mine
    first = _one_each(loose, _without_any(connection, loose))
    given = {item.platform_id for item in first}
    second = _first_to_ask([item for item in loose if item.platform_id not in given]) if twins else []
    if second:
        waited_for = _targets_waiting(connection, {item.delivery for item in first})
        second = [item for item in second if _target(connection, item.delivery) not in waited_for]
    return mine + first + second


def _owners(connection: sa.Connection, found: Iterable[Evidence]) -> dict[str, set[str]]:
    """The deliveries that have each of these messages."""
    ids = {item.platform_id for item in found}
    pairs = sa.select(platform_id.c.platform_id, platform_id.c.delivery).where(platform_id.c.platform_id.in_(ids))
    owners: dict[str, set[str]] = defaultdict(set)
    for name, owner in connection.execute(pairs):
        owners[name].add(owner)
    return dict(owners)


def _without_any(connection: sa.Connection, loose: Iterable[Evidence]) -> list[str]:
    """Those of these deliveries that have no message yet; who waits to know whether it arrived comes first."""
    names = {item.delivery for item in loose}
    query = sa.select(delivery.c.id).where(delivery.c.id.in_(names), _BARE).order_by(~_WAITING, delivery.c.id)
    return list(connection.execute(query).scalars())


def _one_each(loose: Sequence[Evidence], bare: Sequence[str]) -> list[Evidence]:
    """A message for each of `bare` that can have one: the earliest first, to who has the least to choose from."""
    choice: dict[str, int] = defaultdict(int)
    takers: dict[str, dict[str, Evidence]] = defaultdict(dict)
    for item in sorted(loose, key=lambda item: (item.created or _NO_TIME, item.platform_id)):
        choice[item.delivery] += 1
        takers[item.platform_id][item.delivery] = item
    free = list(bare)
    given = []
    for items in takers.values():
        if wanting := [name for name in free if name in items]:
            taker = min(wanting, key=choice.__getitem__)
            free.remove(taker)
            given.append(items[taker])
    return given


def _first_to_ask(loose: Iterable[Evidence]) -> list[Evidence]:
    """One for each message."""
    return list({item.platform_id: item for item in reversed(list(loose))}.values())[::-1]


def _targets_waiting(connection: sa.Connection, but: Collection[str]) -> set[str]:
    """To whom something goes that has no message and may have arrived; `but` have got theirs now."""
    each = [sa.select(delivery.c.id, delivery.c.target).where(state, _BARE) for state in (IN_DOUBT, _UNRESOLVED)]
    return {target for name, target in connection.execute(sa.union_all(*each)) if name not in but}


def _target(connection: sa.Connection, name: str) -> str | None:
    target: str | None = connection.scalar(sa.select(delivery.c.target).where(delivery.c.id == name))
    return target
