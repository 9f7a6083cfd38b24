"""`tocsin asyncapi`, held to AsyncAPI's own JSON schema (tests/cli/asyncapi/SOURCE.md)."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match

from schemas.topics import TOPICS
from schemas.words import Realm
from services.cli.asyncapi import document

OWN = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_text())


def valid(found: dict[str, Any]) -> None:
    if error := best_match(Draft7Validator(OWN).iter_errors(found)):
        raise error


def references(value: object) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in references(each)]
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for each in value.values() for found in references(each)]
    return []


@pytest.mark.parametrize("realm", Realm)
def test_it_is_asyncapi(realm: Realm) -> None:
    valid(document(realm))


def test_the_check_can_fail() -> None:
    broken = copy.deepcopy(document(Realm.LIVE))
    broken["channels"]["alerts.accepted"]["addres"] = "misspelt"
    with pytest.raises(ValidationError):
        valid(broken)


@pytest.mark.parametrize("realm", Realm)
def test_every_reference_leads_somewhere(realm: Realm) -> None:
    whole = document(realm)
    for reference in references(whole):
        place: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_it_has_every_topic_with_its_realm_and_its_payloads() -> None:
    whole = document(Realm.DRILL)
    assert set(whole["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = whole["channels"][topic.name]
        assert channel["address"] == f"drill.{topic.name}"
        for kind in topic.values:
            assert kind.schema_name in channel["messages"]
            assert kind.__name__ in whole["components"]["schemas"]


def test_every_room_that_reads_or_writes_a_topic_has_an_operation() -> None:
    operations = document(Realm.LIVE)["operations"]
    assert len(operations) == sum(len(topic.readers) + len(topic.writers) for topic in TOPICS)
    assert operations["broadcasts.released-receive-dispatch-sms"]["action"] == "receive"
