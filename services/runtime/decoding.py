"""From the bytes of one Kafka record to the record that they are, by the schema that their header names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from schemas.base import Record
from schemas.topics import INCOMING, Topic
from services.runtime.outbox import CORRELATION_HEADER, SCHEMA_HEADER

ONLY_HEADER = "tocsin-only"
CONTENT_TYPE_HEADER = "content-type"
#: A place in Kafka: topic, partition, offset.
PLACE = re.compile(r"[A-Za-z0-9._-]{1,249}/[0-9]{1,10}/[0-9]{1,19}")


class UnreadableError(Exception):
    """A record that no model reads. The message names fields and rules, never their values."""


class NewerSchemaError(Exception):
    """A record of a newer major version: this room must be updated, and must not park live alerts meanwhile."""


@dataclass(frozen=True)
class Envelope:
    """Where a record came from. `headers` are cleaned: null became empty, bytes that are no UTF-8 were replaced."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]
    timestamp_ms: int = 0

    @property
    def origin(self) -> str:
        """The one place in Kafka that this record has."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def correlation(self) -> str:
        """The id that follows an alert through all rooms.

        Only rooms say one in a header: an agency's record, or whatever else is no id of that shape, has its own place.
        """
        said = self.headers.get(CORRELATION_HEADER, "")
        return said if PLACE.fullmatch(said) and not self.topic.endswith(INCOMING.name) else self.origin


def envelope_of(record: "ConsumerRecord[bytes, bytes]") -> Envelope:
    """The envelope of what aiokafka read."""
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    return Envelope(
        record.topic, record.partition, record.offset, record.key, record.value, headers, int(record.timestamp or 0)
    )


def decode(topic: Topic, envelope: Envelope) -> Record:
    """The record in `envelope`, by its schema header or, where the topic has one schema, by that."""
    kind = _kind(topic, envelope.headers.get(SCHEMA_HEADER))
    try:
        return kind.model_validate_json(envelope.value or b"")
    except ValidationError as error:
        fields = ", ".join(f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['type']}" for e in error.errors()[:5])
        message = f"no {kind.schema_name} {kind.schema_version}: {fields}"
        raise UnreadableError(message) from None  # the cause would carry the values into the log


def _kind(topic: Topic, header: str | None) -> type[Record]:
    if header is None:
        if len(topic.values) == 1:
            return topic.values[0]
        message = f"the header {SCHEMA_HEADER} is missing, and {topic.name} carries several schemas"
        raise UnreadableError(message)
    name, _, version = header.partition("/")
    for kind in topic.values:
        if kind.schema_name == name:
            _must_not_be_newer(kind, version)
            return kind
    message = f"the header {SCHEMA_HEADER} names a schema that {topic.name} does not carry"
    raise UnreadableError(message)


def _must_not_be_newer(kind: type[Record], version: str) -> None:
    major = version.partition(".")[0]
    if major.isascii() and major.isdigit() and int(major) > int(kind.schema_version.partition(".")[0]):
        message = (
            f"a {kind.schema_name} of schema {version} has come and this room reads {kind.schema_version}: "
            "update this room; it stops here so that nothing is lost"
        )
        raise NewerSchemaError(message)
