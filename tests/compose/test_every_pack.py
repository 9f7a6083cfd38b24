"""Every pack, drafts too, becomes texts in both languages on both channels, also in a drill."""

from datetime import timedelta

import pytest

from services.compose.composer import Before
from services.compose.wishes import Wishes
from tests.compose.alerts import COUNTY, NORTH, NOW, a_cancel, an_alert, an_area, an_info, composed, demo

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


@pytest.mark.parametrize("pack", demo().packs)
@pytest.mark.parametrize("hours", [0, 12], ids=["day", "night"])
def test_every_later_text_has_room_for_the_whole_county_in_an_exercise(pack: str, hours: int) -> None:
    """The shortest form, at the very last without its contact, fits: nobody who got an alert misses what follows it."""
    drill = {"status": "Exercise", "realm": "drill"}
    slots = {name: SLOTS[slot.kind] for name, slot in demo().packs[pack].slots.items()}
    info, wishes = an_info(event="Warning", area=[an_area(COUNTY)]), Wishes(pack=pack, slots=slots)
    now = NOW - timedelta(hours=hours)
    first = composed(an_alert(info, **drill), wishes=wishes, now=now)
    later = composed(an_alert(info, **drill), Before(1, corrected=first), now, wishes=wishes)
    update = composed(an_alert(info, **drill, msgType="Update", version=12), now=now, wishes=wishes)
    cancel = composed(a_cancel(**drill), Before(cancelled=first), now)
    made = (first.renditions, first.withdrawals, later.corrections, update.renditions, cancel.renditions)
    for texts in made:
        assert {(text.channel.value, text.language) for text in texts} == BOTH
    assert all(text.parts[0].count("https://") == 1 for texts in made for text in texts)
