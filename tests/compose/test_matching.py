"""Which pack an alert needs: sure, or a person."""

import pytest

from schemas.cap import Info
from services.compose import matching
from tests.compose.alerts import an_info, demo


def found(event: str, headline: str | None = None, code: tuple[str, str] | None = None) -> matching.Found:
    listed = [{"valueName": code[0], "value": code[1]}] if code else []
    return matching.find([Info.model_validate(an_info(event=event, headline=headline, eventCode=listed))], demo().packs)


@pytest.mark.parametrize(
    ("event", "pack"),
    [
        ("Boil Water Advisory", "boil-water"),
        ("BOIL-WATER NOTICE", "boil-water"),
        ("Aviso de hervir el agua", "boil-water"),
        ("Measles exposure", "measles-exposure"),
        ("Posible exposición a SARAMPION", "measles-exposure"),
        ("Extreme Heat Warning", "extreme-heat"),
        ("Heat Advisory", "extreme-heat"),
        ("Ola de calor", "extreme-heat"),
        ("Air Quality Alert", "smoke-air-quality"),
        ("Dense Smoke Advisory", "smoke-air-quality"),
        ("Mala calidad del aire", "smoke-air-quality"),
        ("Food Recall", "food-recall"),
        ("Retiro de alimentos", "food-recall"),
    ],
)
def test_the_words_of_the_event_decide(event: str, pack: str) -> None:
    assert found(event).pack == pack


def test_the_headline_counts_too() -> None:
    assert found("Public health", "Measles at a library").pack == "measles-exposure"


@pytest.mark.parametrize(
    ("name", "value", "pack"),
    [("SAME", "BWW", "boil-water"), ("nationalweatherservice", "AQA", "smoke-air-quality")],
)
def test_a_sure_code_decides_alone(name: str, value: str, pack: str) -> None:
    assert found("Warning", code=(name, value)).pack == pack


@pytest.mark.parametrize(
    ("event", "pack"),
    [
        ("Boil water advisory lifted", "boil-water-lifted"),
        ("Se levanta el aviso de hervir el agua", "boil-water-lifted"),
        ("Do not drink tap water; do not boil water", "do-not-drink"),
        ("Measles vaccination clinic", "vaccination-clinic"),
    ],
)
def test_the_end_of_a_hazard_and_its_opposite_are_packs_of_their_own(event: str, pack: str) -> None:
    assert found(event).pack == pack


@pytest.mark.parametrize(
    "event",
    [
        "Boil water advisory lifted in part, still boil in Millbrook",
        "Boil water advisory for lead",
        "Evacuation: wildfire smoke",
        "Heat advisory ended",
    ],
)
def test_what_must_not_be_confused_is_for_a_person(event: str) -> None:
    answer = found(event)
    assert answer.pack is None
    assert answer.candidates
    assert "not for this pack" in answer.why


@pytest.mark.parametrize("event", ["Civil Emergency Message", "Preheating failure", "Retirement home closed"])
def test_an_alert_without_a_pack_says_so(event: str) -> None:
    answer = found(event)
    assert (answer.pack, answer.candidates) == (None, ("general",))


def test_a_code_that_several_hazards_share_only_makes_candidates() -> None:
    answer = found("Contaminated water", code=("OET:v1.2", "OET-047"))
    assert answer.pack is None
    assert set(answer.candidates) == {"boil-water", "boil-water-lifted", "do-not-drink", "lead-in-water"}


def test_a_headline_decides_only_where_the_event_names_nothing() -> None:
    assert found("Health Alert", "Overdoses are rising").pack == "overdose-spike"
    answer = found("Severe Thunderstorm Warning", "Flash flooding is possible")
    assert (answer.pack, answer.candidates) == (None, ("flood",))


def test_a_category_or_a_response_that_does_not_fit_makes_it_a_persons() -> None:
    packs = demo().packs
    signs = matching.Signs(("Chemical release",), responses=("Evacuate",))
    assert matching.Finder(packs).find(signs) == matching.Found(
        None, ("chemical-release",), "chemical-release: its responseType Evacuate is not what this pack says"
    )
    over = matching.Signs(("Boil Water Notice",), responses=("AllClear",))
    assert matching.Finder(packs).find(over).candidates == ("boil-water",)
    assert matching.Finder(packs).find(over).pack is None
    road = matching.Signs(("Blackout on the bridge",), categories=("Transport",))
    assert matching.Finder(packs).find(road).pack is None
    assert matching.Finder(packs).find(matching.Signs(("Blackout",), categories=("Infra",))).pack == "power-outage"


def test_two_hazards_in_one_alert_are_for_a_person() -> None:
    answer = found("Heat Advisory and Air Quality Alert")
    assert answer.pack is None
    assert set(answer.candidates) == {"extreme-heat", "smoke-air-quality"}
