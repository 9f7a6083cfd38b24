"""Schemas are only added to: held against the JSON schemas of the released version.

`python -m tests.support.release` stores today's schemas as the released ones, in the commit of a release.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.base import Record
from tests.support.code import REPOSITORY
from tests.support.growth import shrunk
from tests.support.release import KINDS, schema_of, stored

SPECIMENS = REPOSITORY / "schemas" / "specimens"


def released(kind: type[Record]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stored(kind).read_text())
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.schema_name)
def test_only_added_to(kind: type[Record]) -> None:
    assert stored(kind).exists(), f"{kind.schema_name} was never released: python -m tests.support.release"
    assert shrunk(released(kind), schema_of(kind)) == []


@pytest.mark.parametrize("path", sorted(SPECIMENS.glob("*.json")), ids=lambda path: path.stem)
def test_what_todays_models_write_is_read_by_the_released_version(path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.schema_name == path.name.split(".")[0])
    written = kind.model_validate_json(path.read_bytes()).model_dump_json(by_alias=True, exclude_none=True)
    Draft202012Validator(released(kind)).validate(json.loads(written))


OLD = {
    "properties": {"a": {"type": "string"}, "b": {"type": "integer"}, "word": {"enum": ["x", "y"]}},
    "required": ["a"],
    "$defs": {"Signed": {"properties": {"v": {"const": 1}}, "additionalProperties": False}},
}


def changed(*path: str, to: object) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    place: Any = new
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return new


def test_a_new_optional_field_is_an_addition() -> None:
    assert shrunk(OLD, changed("properties", "c", to={"type": "string"})) == []


def test_a_new_word_is_an_addition() -> None:
    assert shrunk(OLD, changed("properties", "word", "enum", to=["x", "y", "z"])) == []


@pytest.mark.parametrize(
    "new",
    [
        changed("properties", "b", to=None),
        changed("properties", "a", "type", to="integer"),
        changed("properties", "b", "minimum", to=1),
        changed("properties", "word", "enum", to=["x"]),
        changed("required", to=["a", "b"]),
        changed("required", to=[]),
        changed("$defs", "Signed", to=None),
        changed("$defs", "Signed", "properties", "extra", to={"type": "string"}),
    ],
    ids=["gone", "type", "narrowed", "word-gone", "required", "no-longer-required", "part-gone", "signed-grew"],
)
def test_these_are_no_additions(new: dict[str, Any]) -> None:
    assert shrunk(OLD, new) != []
