"""Single forms, positions, masks, and any text at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identifiers.detect import find
from services.identifiers.finding import Kind, Span, mask, merged


@pytest.mark.parametrize(
    ("kind", "text", "part"),
    [
        (Kind.NAME, "The patient, Jonas Brandt, is isolated.", "Jonas Brandt"),
        (Kind.GEO, "The case lives at 44 Elm Street.", "44 Elm Street"),
        (Kind.DATE, "She died on 4 May 2025.", "4 May 2025"),
        (Kind.AGE, "A 93-year-old man.", "93-year-old"),
        (Kind.PHONE, "Call the mother at 614-555-0100.", "614-555-0100"),
        (Kind.FAX, "Fax the patient's results to his mother at 614-555-0100.", "614-555-0100"),
        (Kind.EMAIL, "The patient's wife: reach her at ann@gmail.com", "ann@gmail.com"),
        (Kind.SSN, "SSN 219-09-9999", "219-09-9999"),
        (Kind.MRN, "MRN 0041772", "0041772"),
        (Kind.PLAN, "Medicaid number 8812-44", "8812-44"),
        (Kind.ACCOUNT, "patient account 5521-0098", "5521-0098"),
        (Kind.LICENCE, "driver's license D448-190", "D448-190"),
        (Kind.VEHICLE, "license plate KLM-2093", "KLM-2093"),
        (Kind.DEVICE, "the patient's pacemaker serial number PM-77120", "PM-77120"),
        (Kind.URL, "The patient's page is https://facebook.com/terry.wong", "https://facebook.com/terry.wong"),
        (Kind.IP, "The patient logged in from IP 73.162.14.201.", "73.162.14.201"),
        (Kind.BIOMETRIC, "fingerprint scan FP-2210", "FP-2210"),
        (Kind.PHOTO, "see patient_doe.jpg", "patient_doe.jpg"),
        (Kind.OTHER, "specimen number 2025-118 of the patient", "2025-118"),
        (Kind.COUNT, "two cases in the village of Pine Hollow", "two cases"),
    ],
)
def test_every_kind(kind: Kind, text: str, part: str) -> None:
    assert [(one.kind, text[one.start : one.end]) for one in find(text) if one.kind is kind] == [(kind, part)]


@pytest.mark.parametrize(
    "text",
    [
        "Call the clinic at 614-555-0100 or write to health@county.example.gov.",
        "Dr. Ada Quist, health officer, will speak on 4 May 2025.",
        "Open at 400 Grant Avenue from May 4.",
        "Message 2.49.0.1.840.0.77ac of 2025-06-01.",
        "Boil tap water for one minute before you drink it.",
        "",
    ],
)
def test_what_an_agency_says_of_itself_is_left(text: str) -> None:
    assert find(text) == ()


def test_shouting_is_read_like_speaking() -> None:
    text = "THE PATIENT, MARY COLLINS, IS ISOLATED AT HOME"
    assert [text[one.start : one.end] for one in find(text)] == ["MARY COLLINS"]


def test_a_mask_keeps_positions_and_hides_everything_found() -> None:
    text = "Patient Jonas Brandt, MRN 0041772."
    masked = mask(text, find(text))
    assert len(masked) == len(text)
    assert "Jonas" not in masked
    assert "0041772" not in masked
    assert masked.startswith("Patient ")


def test_what_another_covers_is_left_out() -> None:
    wide, narrow = Span(0, 10, Kind.NAME), Span(2, 5, Kind.DATE)
    assert merged([narrow, wide, wide]) == (wide,)


@given(st.text(max_size=400))
def test_any_text_is_read_and_positions_lie_in_it(text: str) -> None:
    for one in find(text):
        assert 0 <= one.start < one.end <= len(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "Mr.",
                "patient",
                "John",
                "Smith",
                "died",
                "on",
                "4 May",
                "MRN",
                "123456",
                ",",
                ".",
                "(",
                "at",
                "12 Elm Street",
            ]
        )
    )
)
def test_any_heap_of_its_own_words_is_read(words: list[str]) -> None:
    find(" ".join(words))
