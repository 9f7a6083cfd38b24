"""The JSON form: CAP's names, the same errors, and what only JSON can get wrong."""

import json as standard
from typing import Any

import pytest

from schemas.words import Severity
from services.cap import json
from services.cap.read import read
from services.cap.reading import CapError
from tests.cap.messages import boil_water


def _document(**changes: Any) -> dict[str, Any]:
    return {**standard.loads(json.write(read(boil_water()).alert)), **changes}


def _read(document: Any) -> Any:
    return read(standard.dumps(document).encode(), "application/json")


def _refused(document: Any) -> CapError:
    with pytest.raises(CapError) as caught:
        _read(document)
    return caught.value


def test_both_forms_give_the_same_alert() -> None:
    reading = _read(_document())
    assert reading.alert == read(boil_water()).alert
    assert (reading.form, reading.notes) == ("json", ())


def test_the_alert_of_an_alert_record_can_be_published_again() -> None:
    alert = read(boil_water(msgType="Update", references="a@b.example,1,2026-01-01T00:00:00-00:00")).alert
    assert read(alert.model_dump_json(by_alias=True).encode()).alert == alert
    assert _read({"alert": standard.loads(json.write(alert))}).alert == alert


def test_references_as_text_or_as_a_list() -> None:
    triple = "a@b.example,1,2026-01-01T00:00:00-00:00"
    other = "a@b.example,2,2026-01-02T00:00:00-00:00"
    as_text = _read(_document(references=f"{triple} {other}")).alert.references
    as_list = _read(_document(references=[triple, other])).alert.references
    assert as_text == as_list
    assert [one.identifier for one in as_text] == ["1", "2"]


@pytest.mark.parametrize("element", ["identifier", "sender", "sent", "status", "msgType", "scope"])
def test_a_missing_element_is_named(element: str) -> None:
    for document in (_document(**{element: None}), {k: v for k, v in _document().items() if k != element}):
        error = _refused(document)
        assert (error.rule, error.element) == ("missing", element)
        assert error.expected


def test_an_unknown_word_is_named() -> None:
    error = _refused(_document(scope="High"))
    assert (error.rule, error.element, error.expected) == (
        "unknown-value", "scope", "one of Public, Restricted, Private",
    )  # fmt: skip
    assert "High" not in str(error)


def test_an_unknown_severity_is_read_as_unknown_and_said() -> None:
    info = {**_document()["info"][0], "severity": "High"}
    reading = _read(_document(info=[info]))
    assert reading.alert.info[0].severity is Severity.UNKNOWN
    (note,) = [one for one in reading.notes if one.rule == "unknown-word"]
    assert note.element == "severity"
    assert "expected one of Extreme" in note.says
    assert "High" not in note.says


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ("duplicate-key", b'{"status": "Actual", "status": "Test"}'),
        ("duplicate-key", b'{"Jane Doe": 1, "Jane Doe": 2}'),
        ("too-deep", b'{"note": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
        ("too-deep", b'{"info": ' * 100_000),
        ("not-well-formed", b'{"identifier": "1",}'),
        ("not-well-formed", b"{} {}"),
        ("not-well-formed", b'{"size": NaN}'),
        ("encoding", b'{"note": "\xff\xff"}'),
        ("missing", b"{}"),
        ("shape", b'{"alert": []}'),
        ("shape", b'{"identifier": 7}'),
        ("shape", b'{"identifier": true}'),
        ("shape", b'{"identifier": {"a": "b"}}'),
        ("shape", b'{"info": "text"}'),
        ("shape", b'{"identifier": ' + b"9" * 100_000 + b"}"),
        ("characters", b'{"identifier": "a\\u0000b"}'),
        ("characters", b'{"identifier": "\\ud800"}'),
        ("repeated", b'{"identifier": ["1", "2"]}'),
    ],
)
def test_what_is_refused(rule: str, data: bytes) -> None:
    with pytest.raises(CapError) as caught:
        read(data)
    assert caught.value.rule == rule
    assert caught.value.expected
    assert "Jane" not in str(caught.value)


def test_a_code_that_became_a_number_is_refused_because_its_zeros_are_gone() -> None:
    area = {"areaDesc": "Clark", "geocode": [{"valueName": "SAME", "value": 39023}]}
    info = {**_document()["info"][0], "area": [area]}
    assert _refused(_document(info=[info])).element == "value"


def test_numbers_are_read_where_cap_has_numbers() -> None:
    area = {"areaDesc": "Clark", "altitude": 1200.50, "ceiling": 3000}
    resource = {"resourceDesc": "map", "mimeType": "image/png", "size": 51200}
    info = _read(_document(info=[{**_document()["info"][0], "area": [area], "resource": [resource]}])).alert.info[0]
    assert (info.area[0].altitude, info.area[0].ceiling, info.resource[0].size) == ("1200.5", "3000", 51200)


def test_one_value_where_cap_allows_several_and_unknown_keys() -> None:
    reading = _read(_document(info={**_document()["info"][0], "category": "Health", "instructions": "typo"}))
    assert reading.alert.info[0].category == ("Health",)
    assert [(note.rule, note.element) for note in reading.notes] == [("unknown-element", "instructions")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(encoding: str) -> None:
    text = standard.dumps(_document(note="agua de caño"), ensure_ascii=False)
    assert read(text.encode(encoding)).alert.note == "agua de caño"
