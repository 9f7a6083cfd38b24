"""Which contact is named at which hour: one that answers now, else one with its hours beside it."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.compose.composer import compose
from services.compose.library import Library
from services.compose.settings import ComposeSettings
from services.place.contacts import Contact
from services.place.opening import is_open, read_opening
from tests.compose.alerts import an_alert, an_info, composed, demo

NEW_YORK = ZoneInfo("America/New_York")
#: 2:06 PM and 2:06 AM of a Tuesday in Ferrow.
DAY, NIGHT = datetime(2026, 11, 24, 19, 6, tzinfo=UTC), datetime(2026, 11, 24, 7, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opens", "at", "answers"),
    [
        (("mon-fri 08:00-20:00",), "2026-11-24T08:00-05:00", True),
        (("mon-fri 08:00-20:00",), "2026-11-24T07:59-05:00", False),
        (("mon-fri 08:00-20:00",), "2026-11-24T20:00-05:00", False),
        (("mon-fri 08:00-20:00",), "2026-11-28T12:00-05:00", False),
        (("mon-fri 08:00-20:00", "sat 10:00-14:00"), "2026-11-28T12:00-05:00", True),
        (("fri-mon 00:00-24:00",), "2026-11-29T23:59-05:00", True),
        (("sat 22:00-06:00",), "2026-11-29T05:00-05:00", True),
        (("sat 22:00-06:00",), "2026-11-28T05:00-05:00", False),
        (("mon-sun 08:00-09:00",), "2026-07-07T12:30Z", True),
        (("mon-sun 08:00-09:00",), "2026-11-24T12:30Z", False),
        ("always", "2026-11-24T03:00-05:00", True),
        ("unknown", "2026-11-24T12:00-05:00", False),
    ],
)
def test_opening_times_are_read_by_the_clock_of_the_place(opens: str | tuple[str, ...], at: str, answers: bool) -> None:
    assert is_open(opens, datetime.fromisoformat(at), NEW_YORK) is answers  # type: ignore[arg-type] # as YAML gives it


@pytest.mark.parametrize(
    "text", ["", "8-20", "mon 8:00-20:00", "mon-fri 08:00-25:00", "mon 08:00-08:00", "lun 08:00-09:00"]
)
def test_what_is_no_opening_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"opening time|no start"):
        read_opening(text)


def said(now: datetime, library: Library) -> str:
    return compose(an_alert(an_info()), library, ComposeSettings(), now).renditions[0].parts[0]


def test_a_hotline_that_is_closed_carries_its_hours() -> None:
    assert "Questions: 555-0142." in said(DAY, demo())
    assert "Questions: 555-0142 (7 AM-9 PM)." in said(NIGHT, demo())
    notes = composed(an_alert(an_info()), now=NIGHT).findings
    assert "contact.closed" in {finding.rule for finding in notes}


def test_one_that_answers_now_comes_before_the_first_that_does_not() -> None:
    place = demo().jurisdiction.model_copy(update={"contacts": {"hotline": ("ferrow-hotline", "ferrow-nurse-line")}})
    library = replace(demo(), jurisdiction=place)
    assert "555-0142" in said(DAY, library)
    assert "Nurse line: 555-0119." in said(NIGHT, library)


def test_a_contact_may_keep_another_clock_than_the_jurisdiction() -> None:
    hotline: Contact = demo().contacts["ferrow-hotline"]
    abroad = Contact.model_validate({**hotline.model_dump(), "timezone": "Asia/Tokyo"})
    assert hotline.is_open(DAY, NEW_YORK)
    assert not abroad.is_open(DAY, NEW_YORK)
