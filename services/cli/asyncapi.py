"""`tocsin asyncapi`: the contract as an AsyncAPI 3.0 document, out of `schemas.topics` and pydantic's JSON schemas.

Format: https://www.asyncapi.com/docs/reference/specification/v3.0.0; Kafka's part of it:
https://github.com/asyncapi/bindings/blob/master/kafka/README.md (0.5.0).
"""

import json
from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.base import Record
from schemas.topics import TOPICS, Topic
from schemas.words import Realm
from services.cli.context import RealmOption
from services.runtime.decoding import CONTENT_TYPE_HEADER, ONLY_HEADER
from services.runtime.outbox import CORRELATION_HEADER, SCHEMA_HEADER

RAW = "bytes"
_REF = "#/components/schemas/{model}"


def asyncapi(realm: RealmOption = Realm.LIVE) -> None:
    """Print the contract as an AsyncAPI 3.0 document (JSON)."""
    print(json.dumps(document(realm), indent=2, ensure_ascii=False))


def document(realm: Realm) -> dict[str, Any]:
    """The whole document for one realm."""
    records = sorted({kind for topic in TOPICS for kind in topic.values}, key=lambda kind: kind.schema_name)
    _, schemas = models_json_schema([(kind, "validation") for kind in records], by_alias=True, ref_template=_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin",
            "version": version("tocsin"),
            "description": "Every record that crosses Kafka. Schemas are only added to: readers ignore unknown fields.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, realm) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic)},
        "components": {
            "messages": {RAW: _raw(), **{kind.schema_name: _message(kind) for kind in records}},
            "schemas": schemas["$defs"],
        },
    }


def _channel(topic: Topic, realm: Realm) -> dict[str, Any]:
    policy = "compact" if topic.compacted else "delete"
    configuration: dict[str, Any] = {"cleanup.policy": [policy], "max.message.bytes": topic.max_bytes}
    if not topic.compacted:
        configuration["retention.ms"] = topic.retention_ms
    return {
        "address": topic.full(realm),
        "description": f"{topic.about}. Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        "bindings": {
            "kafka": {"partitions": topic.partitions, "topicConfiguration": configuration, "bindingVersion": "0.5.0"}
        },
    }


def _names(topic: Topic) -> list[str]:
    """The messages of a topic. What agencies send and what was parked are raw bytes."""
    raw = [RAW] if not topic.values or topic.name == "parked" else []
    return raw + [kind.schema_name for kind in topic.values]


def _operations(topic: Topic) -> list[tuple[str, dict[str, Any]]]:
    channel = {"$ref": f"#/channels/{topic.name}"}
    both = [("send", who) for who in topic.writers] + [("receive", who) for who in topic.readers]
    return [
        (f"{topic.name}-{action}-{_word(who)}", {"action": action, "channel": channel, "summary": f"{who}: {action}"})
        for action, who in both
    ]


def _word(who: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in who).strip("-")


def _message(kind: type[Record]) -> dict[str, Any]:
    return {
        "name": kind.schema_name,
        "summary": (kind.__doc__ or "").strip().splitlines()[0],
        "headers": {
            "type": "object",
            "properties": {
                SCHEMA_HEADER: {"type": "string", "const": f"{kind.schema_name}/{kind.schema_version}"},
                CORRELATION_HEADER: {"type": "string", "description": "follows an alert through all rooms"},
                ONLY_HEADER: {"type": "string", "description": "a replay for this room alone; all others skip it"},
            },
        },
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
    }


def _raw() -> dict[str, Any]:
    return {
        "name": RAW,
        "summary": "Bytes as they came: an agency's message, or a record that could not be handled",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": {CONTENT_TYPE_HEADER: {"type": "string"}}},
        "payload": {},
    }
