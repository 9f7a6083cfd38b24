"""Alerts about the fictional county, as intake would accept them, and what compose needs to read them."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from schemas.alert import Alert
from schemas.broadcast import Broadcast
from services.compose import library
from services.compose.composer import Before, compose
from services.compose.library import Library
from services.compose.settings import ComposeSettings

NOW = datetime(2026, 11, 24, 19, 6, tzinfo=UTC)
LINEAGE = "3f9a0c12" + "0" * 24
NORTH, WEST, CENTRE, EAST, SOUTH, COUNTY = "299001", "499001", "599001", "699001", "899001", "099001"

#: One alert of each hazard: its event, and what only it knows.
HAZARDS: dict[str, tuple[str, dict[str, str]]] = {
    "boil-water": ("Boil Water Advisory", {}),
    "measles-exposure": (
        "Measles Exposure",
        {
            "exposure_place": "Ferrow Central Library",
            "exposure_time": "2026-11-22T14:00:00-05:00/2026-11-22T16:30:00-05:00",
        },
    ),
    "extreme-heat": ("Heat Advisory", {}),
    "smoke-air-quality": ("Air Quality Alert", {}),
    "boil-water-lifted": ("Boil Water Advisory Lifted", {}),
    "do-not-drink": ("Do Not Drink Water Advisory", {}),
    "foodborne-outbreak": ("Norovirus Outbreak", {}),
    "carbon-monoxide": ("Carbon Monoxide Warning", {}),
    "chemical-release": ("Chemical Release", {}),
    "power-outage": ("Power Outage", {}),
    "overdose-spike": ("Overdose Alert", {}),
    "food-recall": ("Food Recall", {"product": "Ferrow Farms soft cheese", "lots": "F123, F124"}),
}


def an_info(**changes: Any) -> dict[str, Any]:
    info = {
        "language": "en-US",
        "category": ["Health"],
        "event": "Boil Water Advisory",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Observed",
        "expires": "2026-11-25T18:00:00-05:00",
        "headline": None,
        "area": [an_area(NORTH)],
    }
    return {**info, **changes}


def an_area(*codes: str, **changes: Any) -> dict[str, Any]:
    return {"areaDesc": "somewhere", "geocode": [{"valueName": "SAME", "value": code} for code in codes], **changes}


def parameters(slots: dict[str, str]) -> list[dict[str, str]]:
    return [{"valueName": name, "value": value} for name, value in slots.items()]


def an_alert(*infos: dict[str, Any], **changes: Any) -> Alert:
    """An Alert; `changes` go to the record or, by CAP's names, into its message."""
    cap = {
        "identifier": "ferrow-1",
        "sender": "alerts@health.ferrow.example",
        "sent": "2026-11-24T14:05:00-05:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        "info": infos,
    }
    record = {
        "realm": "live",
        "lineage": LINEAGE,
        "version": 1,
        "grade": "accept",
        "source": "sha256:" + "0" * 64,
        "received": "2026-11-24T19:05:01Z",
        "publisher": "ferrow",
        "authors": ("ana",),
    }
    cap |= {name: value for name, value in changes.items() if name in cap or name in {"note", "references"}}
    record |= {name: value for name, value in changes.items() if name in record or name == "findings"}
    return Alert.model_validate({**record, "cap": cap})


def a_hazard(hazard: str, *codes: str, **changes: Any) -> Alert:
    event, slots = HAZARDS[hazard]
    info = an_info(event=event, parameter=parameters(slots), area=[an_area(*(codes or (NORTH,)))])
    return an_alert(info, **changes)


def a_cancel(**changes: Any) -> Alert:
    return an_alert(**{"msgType": "Cancel", "version": 2, "sent": "2026-11-24T17:00:00-05:00", **changes})


@cache
def demo() -> Library:
    return library.read(ComposeSettings())


def composed(alert: Alert, before: Before | None = None, now: datetime = NOW, **wishes: Any) -> Broadcast:
    return compose(alert, demo(), ComposeSettings(), now, before=before or Before(), **wishes)
