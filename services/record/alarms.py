"""Alarms: of each room, rule and matter the newest word stays; and which are not over."""

from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.base import instant_text
from schemas.operations import Alarm
from services.record import tables
from services.record.store import keep_newest
from services.record.timeline import Entry, What, note, when
from services.runtime.decoding import Envelope

#: An alarm that names nothing, as the release before wrote some, is ended by nobody: it stands for a day.
NAMELESS = timedelta(days=1)
_ALARM = tables.alarm


def take(connection: sa.Connection, record: Alarm, envelope: Envelope) -> bool:
    """Something is wrong, or no longer; whether that is news: raised, and not the same that was raised before."""
    since, matter = instant_text(record.since), record.lineage or record.about or ""
    row = {
        "room": record.room, "rule": record.rule, "lineage": matter, "says": record.says, "do": record.do,
        "since": since, "over": record.over, "about": record.about,
    }  # fmt: skip
    known = connection.execute(sa.select(_ALARM.c.since).where(*_same(record, matter))).scalar()
    keep_newest(connection, _ALARM, [row], "since")
    if record.lineage:
        what = What.ALARM_OVER if record.over else What.ALARM
        note(connection, envelope, Entry(what, record.lineage, when(envelope), says=f"{record.room}: {record.says}"))
    elif matter:
        connection.execute(sa.delete(_ALARM).where(*_same(record, "")))
    return not record.over and (known is None or known < since)


def _same(record: Alarm, matter: str) -> "tuple[sa.ColumnElement[bool], ...]":
    return _ALARM.c.room == record.room, _ALARM.c.rule == record.rule, _ALARM.c.lineage == matter


def is_open(now: datetime) -> "sa.ColumnElement[bool]":
    """Which rows of `tables.alarm` are not over."""
    named = (_ALARM.c.lineage != "") | (_ALARM.c.since > instant_text(now - NAMELESS))
    return sa.not_(_ALARM.c.over) & named


def open_now(connection: sa.Connection, now: datetime) -> Counter[tuple[str, str]]:
    """How many are not over, by room and rule: they are few."""
    query = sa.select(_ALARM.c.room, _ALARM.c.rule, sa.func.count()).where(is_open(now))
    rows = connection.execute(query.group_by(_ALARM.c.room, _ALARM.c.rule)).all()
    return Counter({(room, rule): number for room, rule, number in rows})
