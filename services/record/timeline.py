"""The timeline of a lineage: what happened, when, by whose word. `What` is a closed set, also a metric label."""

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from schemas.base import instant_text
from services.record import tables
from services.runtime.decoding import Envelope
from services.runtime.store import insert_new


class What(StrEnum):
    """What happened to an alert."""

    ACCEPTED = "accepted"
    HELD = "held"
    COMPOSED = "composed"
    RECOMPOSE = "recompose"
    ESTIMATED = "estimated"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    OVERRIDE = "override"
    WAITING = "waiting"
    COUNTED = "counted"
    ESCALATED = "escalated"
    APPROVED = "approved"
    RELEASED = "released"
    WITHHELD = "withheld"
    WITHDRAW = "withdraw"
    PAUSE = "pause"
    RESUME = "resume"
    #: A release or withdrawal that this room could not verify: shown here, and nowhere public.
    UNTRUSTED = "untrusted"
    #: Somebody has read the bytes of a message that are kept from view.
    BYTES_READ = "bytes_read"
    ALARM = "alarm"
    ALARM_OVER = "alarm_over"


class Entry(NamedTuple):
    """One line of a timeline. `at` is a moment as records write it."""

    what: What
    lineage: str
    at: str
    version: int | None = None
    revision: int | None = None
    digest: str | None = None
    says: str | None = None


def note(connection: sa.Connection, envelope: Envelope, entry: Entry) -> None:
    """Write `entry`, once for each record however often it is read."""
    insert_new(connection, tables.event, [{"id": record_id(envelope), **entry._asdict()}])


def record_id(envelope: Envelope) -> str:
    """The same for a record that is read twice, and for one that its outbox published twice."""
    return hashlib.sha256(envelope.topic.encode() + b"\n" + (envelope.value or b"")).hexdigest()


def when(envelope: Envelope) -> str:
    """When Kafka was given the record."""
    return instant_text(datetime.fromtimestamp(envelope.timestamp_ms / 1000, UTC))
