"""Messages that a platform has refused for our account's or our text's sake, and that somebody still waits for."""

from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.base import instant_text
from schemas.words import TAKE_BACKS, Reason
from services.record import reading, tables

#: Not one recipient's: whoever mends these mends them for everybody.
OF_US = (Reason.AUTH, Reason.PAYMENT, Reason.FORBIDDEN_CAPABILITY, Reason.PERMANENT_CONTENT)
#: How long a take-back that was refused is a person's to carry out by hand.
BY_HAND = timedelta(days=1)


def refused(connection: sa.Connection, now: datetime) -> Counter[tuple[str, str]]:
    """Failed messages by channel and reason, of alerts that are in force, and take-backs of the last day."""
    d, take_backs = tables.delivery.c, [kind.value for kind in TAKE_BACKS]
    columns = (d.channel, d.reason, d.digest)
    ours = sa.and_(tables.FAILED, d.reason.in_([reason.value for reason in OF_US]))
    recent = d.kind.in_(take_backs) & (d.at > instant_text(now - BY_HAND))
    found: Counter[tuple[str, str]] = Counter()
    for which, always in ((recent, True), (d.kind.not_in(take_backs), False)):
        query = sa.select(*columns, sa.func.count()).where(ours, which).group_by(*columns)
        for channel, reason, digest, number in connection.execute(query).all():
            if always or reading.is_in_force(connection, digest, now):
                found[channel, reason] += number
    return found
