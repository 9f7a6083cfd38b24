"""Each rule by a message that breaks it and nothing else, and by the good message that breaks none."""

import re
from pathlib import Path

import pytest

from services.intake.rules import RULES, Cost
from services.intake.validate import validate
from tests.cap.messages import boil_water


def area(inner: str, name: str = "Kestrel County") -> str:
    return f"<area><areaDesc>{name}</areaDesc>{inner}</area>"


def polygon(text: str) -> str:
    return area(f"<polygon>{text}</polygon>")


RING = "38.5,-121.6 38.6,-121.6 38.6,-121.5 38.5,-121.6"
RESOURCE = "<resource><resourceDesc>map</resourceDesc>{}</resource>"
SPANISH = "No beba el agua de la llave y no se lave los dientes con ella para evitar que los niños se enfermen"
STRAY = "38.5,-121.6 38.51,-121.6 38.52,-121.6 38.53,-121.59 38.54,-121.58 -1.0,-1.0 38.5,-121.6"
NEW_YORK = f"<polygon>{RING}</polygon><geocode><valueName>SAME</valueName><value>036061</value></geocode>"
BROKEN: dict[str, dict[str, str]] = {
    "no-area": {"area": ""},
    "restriction-scope": {"scope": "Restricted"},
    "addresses-missing": {"scope": "Private"},
    "sent-in-future": {},
    "ends-before-start": {"onset": "2026-11-26T00:00:00-08:00"},
    "exercise-note": {"status": "Exercise"},
    "reference-postdated": {"msgType": "Update", "references": "a,b,2027-01-01T00:00:00-00:00"},
    "utc-form": {"sent": "2026-11-24T14:05:00+00:00"},
    "html": {"headline": "Boil &lt;b&gt;tap&lt;/b&gt; water"},
    "language-doubt": {"description": SPANISH},
    "test-words": {"headline": "THIS IS A TEST of the warning system"},
    "personal": {"description": "Patient Jonas Brandt lives at 44 Elm Street."},
    "ceiling-alone": {"area": area("<ceiling>30</ceiling>")},
    "ceiling-below": {"area": area("<altitude>40</altitude><ceiling>30</ceiling>")},
    "same-form": {"area": area("<geocode><valueName>SAME</valueName><value>6067</value></geocode>")},
    "polygon-syntax": {"area": polygon("38.5 -121.6 38.6 -121.6")},
    "polygon-points": {"area": polygon("38.5,-121.6 38.6,-121.6 38.5,-121.6")},
    "polygon-open": {"area": polygon("38.5,-121.6 38.6,-121.6 38.6,-121.5 38.5,-121.5")},
    "polygon-crosses": {"area": polygon("38.5,-121.6 38.6,-121.5 38.6,-121.6 38.5,-121.5 38.5,-121.6")},
    "circle-syntax": {"area": area("<circle>38.5,-121.6</circle>")},
    "coordinates-range": {"area": polygon("-121.6,38.5 -121.6,38.6 -121.5,38.6 -121.6,38.5")},
    "swapped-axes": {"language": "de-DE", "area": polygon("8.6,50.1 8.7,50.1 8.7,50.2 8.6,50.1")},
    "far-from-country": {"sender": "a@met.de", "area": polygon(RING)},
    "stray-point": {"area": polygon(STRAY)},
    "dateline": {"area": polygon("52.0,179.9 52.1,-179.9 52.2,-179.9 52.0,179.9")},
    "too-wide": {"area": polygon("10.0,-80.0 10.0,80.0 12.0,0.0 10.0,-80.0")},
    "geocode-apart": {"area": area(NEW_YORK)},
    "geocode-unknown": {"area": area("<geocode><valueName>SAME</valueName><value>006999</value></geocode>")},
    "geocode-name": {"area": area("<geocode><valueName>same</valueName><value>006067</value></geocode>")},
    "no-reference": {"msgType": "Update"},
    "answer": {"msgType": "Ack", "references": "a,b,2026-01-01T00:00:00-00:00"},
    "answer-to-nothing": {"msgType": "Error"},
    "draft": {"status": "Draft"},
}  # fmt: skip


def test_the_good_message_breaks_none() -> None:
    assert validate(boil_water()).findings == ()


@pytest.mark.parametrize("rule", [rule for rule in BROKEN if rule != "sent-in-future"])
def test_a_broken_rule_is_found(rule: str) -> None:
    changes = {name: text for name, text in BROKEN[rule].items() if name != "area"}
    data = boil_water(changes, area=BROKEN[rule]["area"]) if "area" in BROKEN[rule] else boil_water(changes)
    assert rule in {finding.rule for finding in validate(data).findings}


@pytest.mark.parametrize(
    "text",
    [
        "Get a test at any clinic. Test results take two days.",
        "Exercise caution near the river, and exercise indoors.",
        "Water tests found E. coli. Wells drilled after 1990 are safe.",
        "Los resultados de la prueba de laboratorio llegan mañana.",
        "If the test is positive, stay home.",
    ],
)
def test_words_that_only_look_like_a_drill_are_left(text: str) -> None:
    assert "test-words" not in {finding.rule for finding in validate(boil_water(description=text)).findings}


@pytest.mark.parametrize(
    "text",
    ["***TEST*** Boil water", "Dies ist eine Übung.", "Esto es un simulacro.", "Exercice d'alerte",
     "Ceci est un exercice",
     "Questo è un test", "EXERCISE EXERCISE EXERCISE", "Required Weekly Test", "TEST", "การทดสอบ"],
)  # fmt: skip
def test_drills_that_say_they_are_real_are_held(text: str) -> None:
    assert "test-words" in {finding.rule for finding in validate(boil_water(headline=text)).findings}


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("IPAWSv1.0", {"ipaws-event-code", "ipaws-geocode", "ipaws-eas-org"}),
        ("profile:CAP-CP:0.4", {"cap-cp-event-code", "cap-cp-location", "cap-cp-languages"}),
        ("urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0", set()),
    ],
)
def test_a_profile_is_known_by_its_code(code: str, rules: set[str]) -> None:
    data = boil_water().replace(b"</scope>", f"</scope><code>{code}</code>".encode())
    verdict = validate(data)
    assert (verdict.grade, {finding.rule for finding in verdict.findings}) == ("accept", rules)


def test_resources_are_looked_at() -> None:
    data = boil_water(area=RESOURCE.format("<uri>map.png</uri>") + area(f"<polygon>{RING}</polygon>"))
    assert {"mime-type", "relative-uri"} <= {finding.rule for finding in validate(data).findings}
    inline = RESOURCE.format("<mimeType>image/png</mimeType><derefUri>no!</derefUri>")
    assert {"inline-resource", "not-base64"} <= {f.rule for f in validate(boil_water(area=inline + area(""))).findings}


def test_cap_1_0_is_read_and_what_was_assumed_is_said() -> None:
    data = boil_water({"scope": None, "category": None}, namespace="http://www.incident.com/cap/1.0",
                      area=area(f"<polygon>{RING}</polygon><geocode>SAME=006067</geocode>"))  # fmt: skip
    verdict = validate(data.replace(b"Observed", b"Very Likely"))
    assert verdict.alert is not None
    code = verdict.alert.info[0].area[0].geocode[0]
    assert (code.value_name, code.value, verdict.alert.scope) == ("SAME", "006067", "Public")
    assert {"cap-1.0", "assumed-1.0", "old-word"} <= {finding.rule for finding in verdict.findings}


def test_every_rule_that_is_said_is_in_the_table_and_the_other_way_round() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("cap", "intake") for path in (Path(__file__).parents[2] / "services" / room).glob("*.py")
        if path.name != "rules.py"
    )  # fmt: skip
    said = set(re.findall(r'"([a-z0-9.]+(?:-[a-z0-9.]+)*)"', sources)) | {f"no-{name}" for name in ("language",)}
    said |= {"cap-1.0", "cap-1.1"}
    assert set(RULES) - said == set()


def test_the_costs_are_what_they_are_called() -> None:
    assert {RULES[rule][0] for rule in ("swapped-axes", "personal", "test-words", "signature-failed")} == {Cost.HOLD}
    assert {RULES[rule][0] for rule in ("utc-form", "html", "no-area", "polygon-open")} == {Cost.NOTE}
