"""What a jurisdiction decides and no pack does: its units, its indexes, how the end of a hazard is said."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.broadcast import Broadcast
from schemas.words import Severity
from services.compose.composer import compose
from services.compose.settings import ComposeSettings
from services.compose.subject import Stopped
from services.compose.wishes import Wishes
from tests.compose.alerts import NOW, an_alert, an_info, demo, parameters


def made(place: dict[str, Any], info: dict[str, Any], **wishes: Any) -> Broadcast:
    library = replace(demo(), jurisdiction=demo().jurisdiction.model_copy(update=place))
    return compose(an_alert(info), library, ComposeSettings(), NOW, wishes=Wishes(**wishes))


def test_a_metric_place_reads_metres_and_celsius_alone() -> None:
    info = an_info(event="Carbon Monoxide Warning")
    us, metric = (made({"units": units}, info) for units in ("us", "metric"))
    assert any("20 feet (6 m)" in text.parts[0] for text in us.renditions)
    assert any(" 6 m " in text.parts[0] for text in metric.renditions)
    assert not any("feet" in text.parts[0] or "pies" in text.parts[0] for text in metric.renditions)


def test_a_severity_is_read_only_from_an_index_that_the_place_uses() -> None:
    info = an_info(event="Air Quality Alert", severity="Unknown", description="The AQI is expected to reach 178.")
    assert made({}, info).severity is Severity.MODERATE
    assert made({"indexes": ("uk-daqi",)}, info).severity is Severity.UNKNOWN


def test_a_place_may_say_an_end_otherwise_than_the_pack() -> None:
    info = an_info()
    assert any("Until further notice." in text.parts[0] for text in made({}, info).renditions)
    said = made({"until": {"boil-water": "expires"}}, info)
    assert any("Until Nov 25, 6:00 PM." in text.parts[0] for text in said.renditions)
    assert not any("Until" in text.parts[0] for text in made({"until": {"boil-water": "none"}}, info).renditions)


def without(name: str) -> dict[str, Any]:
    return {"parameters": {key: value for key, value in demo().jurisdiction.parameters.items() if key != name}}


def test_a_hole_of_the_place_is_a_named_box_that_a_person_fills_for_one_alert_and_it_is_recorded() -> None:
    with pytest.raises(Stopped, match="gives no boil_minutes") as stopped:
        made(without("boil_minutes"), an_info())
    assert [finding.element for finding in stopped.value.findings] == ["boil_minutes"]
    assert "--slot boil_minutes=" in stopped.value.findings[0].says
    filled = made(without("boil_minutes"), an_info(), slots={"boil_minutes": "3"}, editors=("ben",))
    assert any("3 minutes" in text.parts[0] for text in filled.renditions)
    assert filled.guidance[0].parameters["boil_minutes"] == "3"
    assert "ben" in filled.authors


@pytest.mark.parametrize("value", ["9", "0", "two", "-1", "\u0663"])
def test_a_box_takes_no_value_that_could_harm(value: str) -> None:
    with pytest.raises(Stopped, match="boil_minutes"):
        made(without("boil_minutes"), an_info(), slots={"boil_minutes": value})


def test_nobody_overrides_what_the_place_has_filled_and_no_alert_fills_a_hole() -> None:
    said = made({}, an_info(), slots={"boil_minutes": "3"})
    assert all("3 minutes" not in text.parts[0] for text in said.renditions)
    assert said.guidance[0].parameters["boil_minutes"] == "1"
    with pytest.raises(Stopped, match="gives no boil_minutes"):
        made(without("boil_minutes"), an_info(parameter=parameters({"boil_minutes": "3"})))
