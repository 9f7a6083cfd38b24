"""What a jurisdiction decides and no pack does: its units, its indexes, how the end of a hazard is said."""

from dataclasses import replace
from typing import Any

from schemas.broadcast import Broadcast
from schemas.words import Severity
from services.compose.composer import compose
from services.compose.settings import ComposeSettings
from services.compose.wishes import Wishes
from tests.compose.alerts import NOW, an_alert, an_info, demo


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
