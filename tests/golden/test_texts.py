"""Each template's rendering with every pack, as a file to review in the diff.

`TOCSIN_GOLDEN=write pytest tests/golden` writes them anew.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from schemas.broadcast import Broadcast, Rendition
from schemas.words import Channel, Kind
from services.compose.composer import Before
from tests.compose.alerts import CENTRE, COUNTY, HAZARDS, NORTH, NOW, WEST, a_cancel, a_hazard, composed

FOLDER = Path(__file__).parent / "texts"
CASES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "one area": ((NORTH,), {}),
    "three areas": ((NORTH, WEST, CENTRE), {}),
    "the whole, exercise": ((COUNTY,), {"status": "Exercise", "realm": "drill"}),
}


@cache
def made(kind: Kind, hazard: str, case: str) -> Broadcast:
    codes, changes = CASES[case]
    first = composed(a_hazard(hazard, *codes, **changes))
    match kind:
        case Kind.UPDATE:
            later = {"msgType": "Update", "version": 3, "sent": "2026-11-24T15:40:00-05:00"}
            return composed(a_hazard(hazard, *codes, **changes, **later))
        case Kind.CORRECTION:
            again = NOW + timedelta(minutes=20)
            return composed(a_hazard(hazard, *codes, **changes), Before(1, corrected=first), again)
        case Kind.CANCEL:
            return composed(a_cancel(version=2, **changes), Before(cancelled=first), NOW + timedelta(hours=3))
    return first


def renditions(kind: Kind, broadcast: Broadcast) -> tuple[Rendition, ...]:
    if kind is Kind.WITHDRAWAL:
        return broadcast.withdrawals
    return broadcast.corrections if kind is Kind.CORRECTION else broadcast.renditions


def sections(kind: Kind, channel: Channel, language: str) -> Iterator[str]:
    for hazard in HAZARDS:
        for name in CASES:
            found = [
                r for r in renditions(kind, made(kind, hazard, name)) if (r.channel, r.language) == (channel, language)
            ]
            said = f"{found[0].form}, {found[0].units[0]}\n{found[0].parts[0]}" if found else "left out: too long"
            yield f"=== {hazard}, {name}: {said}\n"


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DELETION])
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_texts_are_those_that_were_reviewed(kind: Kind, channel: Channel, language: str) -> None:
    path = FOLDER / f"{kind}.{channel}.{language}.txt"
    now = "\n".join(sections(kind, channel, language))
    if os.environ.get("TOCSIN_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, "utf-8")
    assert path.read_text("utf-8") == now, f"{path.name} differs: read the diff, then write it with TOCSIN_GOLDEN=write"
