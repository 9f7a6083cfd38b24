"""Every pack, drafts too, becomes texts in both languages on both channels, also in a drill."""

import pytest

from services.compose.wishes import Wishes
from tests.compose.alerts import NORTH, an_alert, an_area, an_info, composed, demo

SLOTS = {"name": "Ferrow", "moment": "2026-11-24T14:00:00-05:00", "period": "2026-11-24T14:00:00Z/2026-11-24T16:00:00Z"}
BOTH = {("x", "en"), ("x", "es"), ("sms", "en"), ("sms", "es")}


@pytest.mark.parametrize("pack", demo().packs)
@pytest.mark.parametrize("changes", [{}, {"status": "Exercise", "realm": "drill"}], ids=["real", "drill"])
def test_a_pack_is_said_in_both_languages(pack: str, changes: dict[str, str]) -> None:
    slots = {name: SLOTS[slot.kind] for name, slot in demo().packs[pack].slots.items()}
    alert = an_alert(an_info(event="Warning", area=[an_area(NORTH)]), **changes)
    made = composed(alert, wishes=Wishes(pack=pack, slots=slots))
    assert {(r.channel.value, r.language) for r in made.renditions} == BOTH
    assert {(r.channel.value, r.language) for r in made.withdrawals} == BOTH
