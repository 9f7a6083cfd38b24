"""The judgement without Kafka, and that it is the room's; the table of rules is whole."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.words import Realm
from services.intake.publishers import read_register
from services.intake.rules import RULES, Cost
from services.intake.validate import validate
from services.place.publishers import register_of
from services.place.reading import DataError
from tests.cap.messages import boil_water
from tests.intake.desk import KESTREL, message

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "data" / "cap"


def test_a_clean_alert_is_accepted_at_its_own_time() -> None:
    verdict = validate(boil_water())
    assert (verdict.grade, verdict.findings) == ("accept", ())
    assert verdict.alert is not None
    assert verdict.alert.identifier == "KC-2026-0007"


def test_at_and_register_are_taken_into_account() -> None:
    late = validate(boil_water(), at=datetime(2027, 1, 1, tzinfo=UTC))
    assert [(one.rule, one.cost) for one in late.findings] == [("expired", Cost.HOLD)]
    assert validate(boil_water(), register=register_of((KESTREL,))).grade == "accept"
    assert validate(boil_water(sender="x@y.example"), register=register_of((KESTREL,))).grade == "hold"


def test_an_unknown_parent_is_a_note_and_no_reference_a_hold() -> None:
    verdict = validate(message("b", 1, ("a", 0)))
    assert (verdict.grade, [one.rule for one in verdict.findings]) == ("accept", ["partly-unknown-reference"])
    assert validate(message("b", 1, msgType="Update")).grade == "hold"


@pytest.mark.parametrize("element", ["urgency", "severity", "certainty"])
def test_a_word_that_cap_does_not_have_wakes_a_person_and_refuses_nothing(element: str) -> None:
    verdict = validate(boil_water(changes={element: "High"}))
    assert verdict.grade == "hold"
    assert ("unknown-word", element) in [(one.rule, one.element) for one in verdict.findings]
    assert validate(boil_water(changes={element: " "})).grade == "refuse"


def test_refusals_come_first_with_line_and_expectation() -> None:
    verdict = validate(boil_water(category="High"))
    (finding,) = verdict.findings
    assert (verdict.grade, finding.rule, finding.element) == ("refuse", "unknown-value", "category")
    assert finding.line
    assert finding.expected
    draft = validate(boil_water(status="Draft", scope="Private"))
    assert [one.rule for one in draft.findings] == ["draft", "not-public", "addresses-missing"]


def test_a_drill_is_judged_in_its_own_realm_unless_one_is_named() -> None:
    assert [one.rule for one in validate(boil_water(status="Exercise")).findings] == ["exercise-note"]
    assert [one.rule for one in validate(boil_water(status="Test"), realm=Realm.LIVE).findings] == ["hand-over"]
    assert validate(boil_water(), realm=Realm.DRILL).grade == "refuse"


def test_every_rule_that_cap_names_is_in_the_table() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "services" / "cap").glob("*.py"))
    named = set(re.findall(r'(?:CapError|Note|say|self\._note)\(\s*f?"([a-z0-9.-]+)"', source))
    assert len(named) > 20
    only_when_writing = {"references"}
    assert {rule for rule in named if "{" not in rule} - only_when_writing <= set(RULES)
    assert all(source for _, source in RULES.values())


@pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not there: {CORPUS}")
def test_the_corpus_is_graded_and_nothing_crashes() -> None:
    grades = {
        folder: [validate(path.read_bytes()).grade for path in sorted((CORPUS / folder).glob("*.xml"))]
        for folder in ("valid", "signed", "invalid")
    }
    for folder, found in grades.items():
        print(folder, {grade: found.count(grade) for grade in ("accept", "hold", "refuse")})
    assert "accept" in grades["valid"]
    assert "hold" in grades["invalid"]
    assert "refuse" in grades["invalid"]


def test_the_register_of_the_repository_is_right() -> None:
    register = read_register(ROOT / "deploy" / "publishers.yaml")
    publisher = register.of("alerts@health.ferrow.example")
    assert publisher is not None
    assert publisher.persons


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "TOCSIN_INTAKE_PUBLISHERS"),
        ("publishers: [", "no YAML"),
        ("publishers: [{id: a}]", "publishers.0.name"),
        ("publishers: [{id: a, name: A, senders: [s], person: []}]", "person"),
        ("publishers: [{id: a, name: A, senders: [s]}, {id: b, name: B, senders: [s]}]", "a and b"),
        ("publishers: [{id: a, name: A, senders: [s]}, {id: a, name: B, senders: [t]}]", "twice"),
        ("publishers: [{id: a, name: A, senders: [s], relaxed: [nonsense]}]", "no rule is called nonsense"),
        ("publishers: [{id: a, name: A, senders: [s], polygon: '1,1 2,2 1,1'}]", "the publisher a: a polygon is"),
    ],
)
def test_a_wrong_register_says_what_to_do(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "publishers.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=re.escape(said)):
        read_register(path)
    with pytest.raises(DataError, match=str(path)):
        read_register(path)
