"""The spans of a room: one record handled, one record published. Topics, places, the correlation id; nothing else."""

from contextlib import AbstractContextManager

from services.runtime.decoding import Envelope
from services.runtime.outbox import CORRELATION_HEADER, Message
from services.runtime.tracing import NOTHING, TRACING, Attributes, Span


def process_span(envelope: Envelope) -> AbstractContextManager[Span]:
    """A room's handling of one record."""
    if not TRACING.on:
        return NOTHING
    what: Attributes = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": envelope.topic,
        "messaging.destination.partition.id": str(envelope.partition),
        "messaging.kafka.offset": envelope.offset,
    }
    return TRACING.span(f"process {envelope.topic}", "consumer", envelope.correlation, envelope.headers, what)


def publish_span(message: Message) -> AbstractContextManager[Span]:
    """One record on its way to the broker, until it is confirmed."""
    if not TRACING.on:
        return NOTHING
    what: Attributes = {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": message.topic,
    }
    said = message.headers.get(CORRELATION_HEADER, "")
    return TRACING.span(f"send {message.topic}", "producer", said, message.headers, what)
