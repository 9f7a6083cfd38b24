"""How messages have ended by the platform's own list: reports that never came, made up for."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from schemas.delivery import Receipt
from schemas.words import State
from services.dispatch.port import Ended
from services.dispatch.tables import delivery, platform_id


class Seen(NamedTuple):
    """One message of the list, without its address and text."""

    platform_id: str
    created: datetime
    ended: Ended | None = None
    code: int | None = None


def missed(connection: sa.Connection, listed: Sequence[Seen], now: datetime) -> list[Receipt]:
    """A report for each message on the list that has ended and whose delivery does not know it.

    The id decides whose message it is, never the text: two deliveries may read alike.
    """
    ended = {item.platform_id: item for item in listed}
    known = platform_id.c
    query = (
        sa.select(known.delivery, known.platform_id, delivery.c.state)
        .join(delivery, delivery.c.id == known.delivery)
        .where(known.platform_id.in_(ended), delivery.c.state.in_([State.SENT, State.FAILED]))
        .order_by(known.delivery, known.platform_id)
    )
    found = [(row, ended[row.platform_id]) for row in connection.execute(query)]
    return [
        Receipt(delivery=row.delivery, platform_id=item.platform_id, status=item.ended, code=item.code, at=now)
        for row, item in found
        if item.ended == "delivered" or (item.ended and row.state == State.SENT)
    ]
