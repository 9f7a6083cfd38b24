"""SMS segments against the cases of Twilio's own calculator, and what must hold for any text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import limits
from services.limits import sms

CASES = Path(__file__).parents[2].parent / "shared" / "data" / "channels" / "derived" / "twilio_segment_cases.json"
BITS = {"GSM-7": 7, "UCS-2": 16}
GSM_7 = st.text(st.sampled_from(sorted(sms._GSM_7)))


def twilio_cases() -> list[dict[str, Any]]:
    if not CASES.is_file():
        pytest.skip(f"Twilio's segment cases are not at {CASES}")
    return [case for case in json.loads(CASES.read_text("utf-8")) if not case["smart"]]


def test_every_case_of_twilios_calculator() -> None:
    cases = twilio_cases()
    assert len(cases) > 300
    for case in cases:
        found = sms.segments(case["body"])
        assert (found.encoding, found.segments) == (case["encoding"], case["segments"]), case["name"]
        assert found.units * BITS[found.encoding] == case["messageSize"], case["name"]


def test_the_alphabet_is_that_of_ts_23_038() -> None:
    assert len(sms._BASIC) == 127  # 128 places, one of them the escape to the extension table
    assert len(sms._EXTENDED) == 10
    assert not sms._BASIC & sms._EXTENDED


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the escape pair does not straddle: 152, 2+151, 1
        ("¿Qué pasa mañana? ¡Atención!".replace("ó", "o"), "GSM-7", 28, 1),
        ("Atención", "UCS-2", 8, 1),
        ("á" * 70, "UCS-2", 70, 1),
        ("á" * 71, "UCS-2", 71, 2),
        ("á" * 66 + "😷" + "á" * 66, "UCS-2", 134, 3),  # the surrogate pair does not straddle either
        ("90 °F", "UCS-2", 5, 1),
    ],
)
def test_by_hand(text: str, encoding: str, units: int, parts: int) -> None:
    assert sms.segments(text) == sms.Segments(encoding, units, parts)  # type: ignore[arg-type] # a table of str


def test_the_policy_gives_every_alphabet_about_as_much() -> None:
    assert sms.count("a" * 459).fits
    assert not sms.count("a" * 460).fits
    assert sms.count("á" * 402).fits
    assert not sms.count("á" * 403).fits
    assert sms.count("á" * 70, sms.SegmentPolicy(gsm_7=1, ucs_2=1)).limit == 70


def test_a_body_above_1600_characters_never_fits_whatever_the_policy() -> None:
    wide = sms.SegmentPolicy(gsm_7=100, ucs_2=100)
    assert sms.count("a" * 1600, wide).fits
    assert not sms.count("a" * 1601, wide).fits
    assert not sms.count("😷" * 801, wide).fits


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_blank_text_never_fits(text: str) -> None:
    assert not sms.count(text).fits


def test_one_grapheme_longer_than_a_segment_is_still_counted() -> None:
    stacked = "a" + "\u0301" * 100
    assert sms.segments(stacked) == sms.Segments("UCS-2", 101, 2)


@given(GSM_7, GSM_7)
def test_more_text_never_takes_fewer_segments(one: str, two: str) -> None:
    assert sms.segments(one + two).segments >= sms.segments(one).segments
    assert sms.segments(one + two).units == sms.segments(one).units + sms.segments(two).units


@given(st.text())
def test_no_segment_is_overfull_and_none_is_counted_for_nothing(text: str) -> None:
    found = sms.segments(text)
    single, part = (160, 153) if found.encoding == "GSM-7" else (70, 67)
    assert found.units <= (single if found.segments == 1 else part * found.segments)
    assert (found.segments == 0) is (text == "")
    if found.encoding == "UCS-2":
        assert found.units == len(text.encode("utf-16-le")) // 2


@given(GSM_7)
def test_normalising_keeps_the_encoding(text: str) -> None:
    assert sms.segments(limits.normalise(text)).encoding == "GSM-7"
