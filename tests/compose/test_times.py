"""Moments, lists and quantities as people read them."""

from datetime import UTC, datetime

import pytest

from services.compose.times import Times
from tests.compose.alerts import demo

PLACE = demo().jurisdiction
EN = Times(demo().words["en"], PLACE)
ES = Times(demo().words["es"], PLACE)
EN_24 = Times(demo().words["en"], PLACE.model_copy(update={"clock": 24}))


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "en", "es", "en_24"),
    [
        (utc(24, 19, 5), "Nov 24, 2:05 PM", "24 nov, 2:05 p. m.", "Nov 24, 14:05"),
        (utc(24, 5, 0), "Nov 24, 12:00 AM", "24 nov, 12:00 a. m.", "Nov 24, 00:00"),
        (utc(24, 17, 0), "Nov 24, 12:00 PM", "24 nov, 12:00 p. m.", "Nov 24, 12:00"),
        (utc(25, 3, 59), "Nov 24, 10:59 PM", "24 nov, 10:59 p. m.", "Nov 24, 22:59"),
        (utc(1, 4, 30, month=7), "Jul 1, 12:30 AM", "1 jul, 12:30 a. m.", "Jul 1, 00:30"),  # daylight time: UTC-4
    ],
)
def test_a_moment_in_the_zone_of_the_place(at: datetime, en: str, es: str, en_24: str) -> None:
    assert (EN.moment(at), ES.moment(at), EN_24.moment(at)) == (en, es, en_24)


def test_a_period_says_what_both_ends_share_once() -> None:
    assert EN.period(utc(22, 19), utc(22, 21, 30)) == "Nov 22, 2:00-4:30 PM"
    assert ES.period(utc(22, 19), utc(22, 21, 30)) == "22 nov, 2:00-4:30 p. m."
    assert EN.period(utc(22, 15), utc(22, 21, 30)) == "Nov 22, 10:00 AM-4:30 PM"
    assert EN.period(utc(22, 15), utc(24, 15)) == "Nov 22, 10:00 AM to Nov 24, 10:00 AM"
    assert EN_24.period(utc(22, 19), utc(22, 21, 30)) == "Nov 22, 14:00-16:30"


def test_a_moment_of_the_same_day_needs_no_day() -> None:
    assert EN.seen_from(utc(24, 19), utc(24, 23)) == "2:00 PM"
    assert EN.seen_from(utc(24, 19), utc(25, 19)) == "Nov 24, 2:00 PM"


@pytest.mark.parametrize(
    ("names", "en", "es"),
    [
        ([], "", ""),
        (["Northgate"], "Northgate", "Northgate"),
        (["Northgate", "Millbrook"], "Northgate and Millbrook", "Northgate y Millbrook"),
        (["Millbrook", "Isla Verde"], "Millbrook and Isla Verde", "Millbrook e Isla Verde"),
        (["A", "B", "Hialeah"], "A, B and Hialeah", "A, B y Hialeah"),  # a diphthong keeps its y
        (["A", "Hidalgo"], "A and Hidalgo", "A e Hidalgo"),
    ],
)
def test_lists(names: list[str], en: str, es: str) -> None:
    assert (EN.words.listed(names), ES.words.listed(names)) == (en, es)


def test_quantities_say_their_unit() -> None:
    assert EN.words.quantity(1, "minute") == "1 minute"
    assert ES.words.quantity(3, "minute") == "3 minutos"
    assert EN.words.quantity(90, "fahrenheit") == "90 F (32 C)"
    assert ES.words.quantity(6500, "foot") == "6500 pies (1981 m)"
