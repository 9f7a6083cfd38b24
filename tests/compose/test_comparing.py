"""The issuer's own instruction beside the pack's."""

import pytest

from schemas.broadcast import Broadcast
from schemas.words import Grade, Severity
from services.compose.wishes import Wishes
from tests.compose.alerts import an_alert, an_info, composed


def differs(event: str, instruction: str, language: str = "en-US", **changes: object) -> list[str]:
    made = composed(an_alert(an_info(event=event, instruction=instruction, language=language, **changes)))
    assert (made.grade is Grade.HOLD) is bool(found(made))
    return found(made)


def found(made: Broadcast) -> list[str]:
    return [finding.says for finding in made.findings if finding.rule == "instruction.differs"]


@pytest.mark.parametrize(
    ("event", "instruction"),
    [
        ("Boil Water Notice", "Bring tap water to a rolling boil for 1 minute and let it cool before you drink it."),
        ("Boil Water Notice", "Boil all water for 60 seconds. Do not drink ice made before."),
        ("Aviso de hervir el agua", "Hierva el agua de la llave por 1 minuto y déjela enfriar."),
        ("Heat Advisory", "Drink plenty of fluids, stay out of the sun, and check on neighbors."),
        ("Air Quality Alert", "Stay indoors and keep windows closed."),
    ],
)
def test_the_same_in_other_words_is_no_difference(event: str, instruction: str) -> None:
    assert differs(event, instruction, "es-US" if "Hierva" in instruction else "en-US") == []


@pytest.mark.parametrize(
    ("event", "instruction", "says"),
    [
        ("Boil Water Notice", "Boil water for 3 minutes.", "the issuer says 3 minutes; the pack says 1 minute"),
        ("Boil Water Notice", "Boil for 1 hour.", "the issuer says 1 hour; the pack says 1 minute"),
        ("Boil Water Notice", "Add 8 drops of bleach.", "the issuer says 8 drops; the pack says nothing of it"),
        ("Boil Water Notice", "Do not boil the water.", "the issuer says “Do not boil the water”; the pack says"),
        ("Air Quality Alert", "Evacuate now.", "the issuer says “Evacuate now”; the pack"),
        ("Chemical release", "Go down to the basement.", "the issuer says “Go down to the basement”; the pack says"),
        ("Do not drink water advisory", "Boil tap water before use.", "the issuer says “Boil tap water before use”"),
    ],
)
def test_other_numbers_units_and_acts_are_a_persons_with_both_marked(event: str, instruction: str, says: str) -> None:
    sentences = differs(event, instruction)
    assert any(says in sentence for sentence in sentences), sentences
    assert all("words=issuer" in sentence for sentence in sentences)


def test_an_instruction_in_a_language_that_the_pack_lacks_is_read_by_a_person() -> None:
    [says] = differs("Boil water", "Faites bouillir l'eau.", "fr-CA")
    assert "could not be compared" in says


def test_choosing_the_pack_settles_it() -> None:
    alert = an_alert(an_info(instruction="Boil water for 3 minutes."))
    assert found(composed(alert, wishes=Wishes(slots={"words": "pack"}, editors=("ben",)))) == []


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("Code Orange: unhealthy for sensitive groups", Severity.MINOR),
        ("The Air Quality Index is expected to reach 178.", Severity.MODERATE),
        ("Air quality will be VERY UNHEALTHY.", Severity.SEVERE),
        ("AQI 320, hazardous", Severity.EXTREME),
        ("predicted to be greater than an air quality index value of 100 for fine particulates", Severity.MINOR),
        ("The Air Quality Index (AQI) is expected to reach the Red or Unhealthy category.", Severity.MODERATE),
        ("Pollutants are expected to be in the Unhealthy range.", Severity.MODERATE),
        ("a forecast of Unhealthy-Red category particulates", Severity.MODERATE),
    ],
)
def test_a_severity_that_the_weather_service_leaves_unknown_is_read_from_the_class_and_shown_as_ours(
    text: str, severity: Severity
) -> None:
    made = composed(an_alert(an_info(event="Air Quality Alert", severity="Unknown", description=text)))
    assert (made.severity, made.grade) == (severity, Grade.HOLD)
    assert any("is ours, read from" in finding.says for finding in made.findings)
    said = composed(an_alert(an_info(event="Air Quality Alert", severity="Moderate", description=text)))
    assert said.severity is Severity.MODERATE


@pytest.mark.parametrize(
    "text",
    [
        "Ozone today.", "An air quality index alert until 300 PM.",
        "Levels may approach or exceed unhealthy standards.",
        "The air quality index is in the moderate range until July 16, 2026.",
    ],
)  # fmt: skip
def test_an_unknown_severity_without_a_class_stays_unknown(text: str) -> None:
    made = composed(an_alert(an_info(event="Air Quality Alert", severity="Unknown", description=text)))
    assert (made.severity, made.grade) == (Severity.UNKNOWN, Grade.ACCEPT)
