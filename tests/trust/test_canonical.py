"""Canonical JSON against the vectors and rules of RFC 8785, and one spelling for every signature."""

import hashlib
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.broadcast import Broadcast
from schemas.words import Severity
from services.runtime import trust
from tests.support.trust import KEYS, broadcast, decision, text_of

# RFC 8785 §3.2.2 and §3.2.3: input, and the canonical bytes that the RFC prints.
RFC_INPUT = r"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
RFC_OUTPUT = (
    "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e33333333333"
    "3332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c"
    "5c222f227d"
)
RFC_SORTED_KEYS = ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]

# RFC 8785 Appendix B: IEEE 754 bits and their one spelling.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "becbf647612f3696": "-0.0000033333333333333333",
}


def test_the_rfc_example() -> None:
    assert trust.canonical(json.loads(RFC_INPUT)).hex() == RFC_OUTPUT


def test_keys_are_sorted_by_utf16_units_not_by_code_points() -> None:
    found = list(json.loads(trust.canonical(dict.fromkeys(reversed(RFC_SORTED_KEYS), 1))))
    assert found == RFC_SORTED_KEYS


@pytest.mark.parametrize(("bits", "spelling"), NUMBERS.items())
def test_numbers_have_the_spelling_of_appendix_b(bits: str, spelling: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert trust.canonical({"n": number}) == f'{{"n":{spelling}}}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53)])
def test_what_json_cannot_carry_exactly_is_refused(value: float) -> None:
    with pytest.raises(ValueError):
        trust.canonical({"n": value})


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError):
        trust.canonical({"text": "\ud800"})


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), _json, max_size=5))
def test_canonical_form_is_a_fixed_point_and_says_the_same(value: dict[str, Any]) -> None:
    data = trust.canonical(value)
    assert json.loads(data) == value
    assert trust.canonical(json.loads(data)) == data


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 9), min_size=2, max_size=6), st.randoms())
def test_the_order_in_which_a_thing_was_made_does_not_show(value: dict[str, int], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    if all(not 0xD800 <= ord(letter) <= 0xDFFF for name in value for letter in name):
        assert trust.canonical(dict(items)) == trust.canonical(value)


def test_a_broadcast_read_and_written_again_has_the_same_digest() -> None:
    found = broadcast(Severity.EXTREME, headline='Ñandú "€" \U0001f6b1 \u2028')
    again = Broadcast.model_validate_json(text_of(found))
    assert text_of(again) == text_of(found)
    assert trust.digest_of(trust.canonical(found)) == "sha256:" + hashlib.sha256(text_of(found).encode()).hexdigest()


def test_a_record_leaves_nulls_out_and_a_signed_statement_keeps_them() -> None:
    said = decision(broadcast())
    assert b'"reason":null' in trust.canonical(said.statement)
    assert b"null" not in trust.canonical(broadcast())


def test_a_signature_for_one_purpose_is_none_for_another() -> None:
    said, officer = decision(broadcast()).statement, KEYS["officer-1"]
    for purpose in ("recompose", "bundle", "revocation", "batch"):
        assert not trust.verifies(officer.public, "decision", said, officer.sign(purpose, said))
    assert trust.verifies(officer.public, "decision", said, officer.sign("decision", said))


@given(st.binary(max_size=70))
def test_base64url_has_one_spelling(data: bytes) -> None:
    text = trust.encode(data)
    assert trust.decode(text) == data
    for other in (text + "=", text + "==", text + "\n", " " + text):
        with pytest.raises(ValueError):
            trust.decode(other)


def test_unused_bits_and_the_other_alphabet_are_refused() -> None:
    assert trust.decode("-_8") == b"\xfb\xff"
    for other in ("+/8", "-_9", "-_-", "-_"[:1]):
        with pytest.raises(ValueError):
            trust.decode(other)


def test_a_mirrored_signature_does_not_verify() -> None:
    """Ed25519 without the check s < L would take s + L too (RFC 8032 §5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    said, officer = decision(broadcast()).statement, KEYS["officer-1"]
    raw = trust.decode(officer.sign("decision", said))
    s = int.from_bytes(raw[32:], "little")
    mirrored = [(s + order), (order - s)]
    for other in mirrored:
        forged = trust.encode(raw[:32] + other.to_bytes(32, "little"))
        assert not trust.verifies(officer.public, "decision", said, forged)
    assert trust.verifies(officer.public, "decision", said, trust.encode(raw))


def test_odd_keys_and_signatures_are_a_no_and_no_error() -> None:
    said, officer = decision(broadcast()).statement, KEYS["officer-1"]
    good = officer.sign("decision", said)
    for public in ("", "A", "A" * 43, "é" * 43, officer.public[:-1]):
        assert not trust.verifies(public, "decision", said, good)
    for signature in ("", "A" * 86, good[:-1], "é" * 86):
        assert not trust.verifies(officer.public, "decision", said, signature)
