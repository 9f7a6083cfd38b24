"""Which numbers are taken, in which spelling, and what is said of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.phonebook.numbers import NumberError, canonical


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+14155550123", "+14155550123"),
        (" +1 (415) 555-0123 ", "+14155550123"),
        ("\u202a+1\u00a0415.555.0123\u202c", "+14155550123"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+447700900123", "+447700900123"),
        ("+15555550123", "+15555550123"),
        ("+39 06 6982", "+39066982"),
    ],
)
def test_one_spelling_for_each_number(written: str, number: str) -> None:
    assert canonical(written) == number


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "missing"),
        ("1.4155E+10", "spreadsheet"),
        ("1,4155e+10", "spreadsheet"),
        ("14155550123.0", "decimals"),
        ("+14155550123.0", "decimals"),
        ("14155550123", "leading +"),
        ("0014155550123", "00"),
        ("whatsapp:+14155238886", "no international number"),
        ("+14155550123 ext. 5", "no international number"),
        ("+14155550123;+14155550124", "no international number"),
        ("+0123456789", "no international number"),
        ("+1415555012", "no such number"),
        ("+19995551234", "no such number"),
        ("+2101234567", "country code"),
        ("\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff12\uff13", "no international number"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(written: str, why: str) -> None:
    with pytest.raises(NumberError) as error:
        canonical(written)
    assert why in error.value.why
    assert error.value.cure


@given(st.text())
def test_any_text_is_a_number_or_a_refusal_that_does_not_repeat_it(written: str) -> None:
    said = outcome(written)
    digits = "".join(filter(str.isdecimal, written))
    if said.startswith("+"):
        assert canonical(said) == said
    else:
        assert len(digits) < 5 or digits not in said


def outcome(written: str) -> str:
    try:
        return canonical(written)
    except NumberError as error:
        return str(error)


@given(st.integers(0, 15_999))
def test_a_number_without_its_plus_is_never_taken(index: int) -> None:
    bare = f"1{200 + index % 800}555{index % 10_000:04d}"
    with pytest.raises(NumberError):
        canonical(bare)
