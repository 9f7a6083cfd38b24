"""What all records share: how they are read, how they are written, how they name themselves.

Readers ignore fields that they do not know, so a newer minor version may add some. What is *signed* is the
exception: a signature covers every field, so signed statements refuse fields that they do not know.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, StringConstraints


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        message = "a time must say its zone, for example 2026-11-24T14:05:00Z"
        raise ValueError(message)
    return value.astimezone(UTC)


def _whole(value: datetime) -> datetime:
    return _aware(value).replace(microsecond=0)


def instant_text(value: datetime) -> str:
    """UTC with milliseconds, as every record writes a moment."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def second_text(value: datetime) -> str:
    """UTC in whole seconds, as signed statements and Broadcasts write a moment: one spelling, one digest."""
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Instant = Annotated[datetime, AfterValidator(_aware), PlainSerializer(instant_text, when_used="json")]
Second = Annotated[datetime, AfterValidator(_whole), PlainSerializer(second_text, when_used="json")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class Part(BaseModel):
    """A piece of a record. Unknown fields are ignored: a newer writer may know more than this reader."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Signed(BaseModel):
    """A statement that is signed whole. Unknown fields are refused: nobody may sign what he cannot read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Record(Part):
    """The value of one Kafka record. `schema_version` is MAJOR.MINOR: a newer MAJOR stops a room."""

    schema_name: ClassVar[str]
    schema_version: ClassVar[str] = "1.0"
