"""Signatures: what holds, what does not, what only seems to, and what real ones do."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from services.cap.read import read
from services.cap.signature import Seal, Signature, check
from tests.cap.messages import NAMESPACE, boil_water
from tests.cap.signing import Signer

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "cap"
SENT = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)


def _signatures(data: bytes) -> tuple[Signature, ...]:
    return read(data).signatures


def test_an_intact_signature_says_by_which_key_and_until_when() -> None:
    signer = Signer()
    (found,) = _signatures(signer.sign(boil_water()))
    assert (found.seal, found.key, found.weak, found.reindented) == (Seal.INTACT, signer.fingerprint, False, False)
    assert found.valid is not None
    assert found.valid[0].year == 2026
    assert read(signer.sign(boil_water())).alert == read(boil_water()).alert


def test_a_message_without_a_signature_has_none() -> None:
    assert _signatures(boil_water()) == ()


@pytest.mark.parametrize(
    "change", [(b"Severe", b"Minor"), (b"38.5,-121.6", b"38.4,-121.6"), (b"KC-2026-0007", b"KC-2026-0008")]
)
def test_a_changed_byte_fails(change: tuple[bytes, bytes]) -> None:
    (found,) = _signatures(Signer().sign(boil_water()).replace(*change))
    assert (found.seal, found.key) == (Seal.FAILED, None)


def test_re_indenting_is_told_apart() -> None:
    compact = boil_water().replace(b"\n", b"")
    signed = etree.fromstring(Signer().sign(compact))
    etree.indent(signed)
    (found,) = _signatures(etree.tostring(signed))
    assert (found.seal, found.reindented) == (Seal.INTACT, True)


def test_two_signatures_are_both_checked_also_when_the_first_does_not_cover_the_second() -> None:
    issuer, distributor = Signer(), Signer()
    both = _signatures(distributor.sign(issuer.sign(boil_water())))
    assert [one.key for one in both] == [issuer.fingerprint, distributor.fingerprint]


def test_what_is_wrapped_around_a_signed_message_is_not_read() -> None:
    """The signature covers the inner alert, and stands where it is looked for; the outer one is a forger's."""
    signed = etree.fromstring(Signer().sign(boil_water()))
    outer = etree.fromstring(boil_water(identifier="forged", headline="Drink freely"))
    outer.append(signed[-1])
    outer.append(signed)
    reading = read(etree.tostring(outer))
    assert [one.seal for one in reading.signatures] == [Seal.FAILED]


@pytest.mark.parametrize("spoilt", [b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>"] * 2)
def test_an_empty_signature_fails_or_is_not_checked(spoilt: bytes) -> None:
    data = boil_water().replace(b"</alert>", spoilt + b"</alert>")
    assert {one.seal for one in _signatures(data)} <= {Seal.FAILED, Seal.UNCHECKED}


def test_an_algorithm_that_is_not_known_is_not_checked() -> None:
    data = Signer().sign(boil_water()).replace(b"ecdsa-sha256", b"rot13-sha256")
    assert [one.seal for one in _signatures(data)] == [Seal.UNCHECKED]


def test_more_signatures_than_anybody_sends_fail_unread() -> None:
    signed = etree.fromstring(Signer().sign(boil_water()))
    for _ in range(10):
        signed.append(etree.fromstring(etree.tostring(signed[-1])))
    assert [one.seal for one in check(etree.tostring(signed), SENT).signatures] == [Seal.FAILED]


def test_cap_1_1_with_a_signature_is_read() -> None:
    data = Signer().sign(boil_water().replace(NAMESPACE.encode(), b"urn:oasis:names:tc:emergency:cap:1.1"))
    assert [one.seal for one in _signatures(data)] == [Seal.INTACT]


@pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not there: {CORPUS}")
def test_real_signatures_hold_where_the_reference_says_so() -> None:
    outcome: Counter[tuple[bool, str]] = Counter()
    rows = csv.DictReader((CORPUS / "manifest.tsv").open(encoding="utf-8"), delimiter="\t")
    for row in rows:
        said = next((note for note in row["notes"].split("; ") if note.startswith("sig=")), None)
        if said is None or (row["file"].startswith("invalid") and "xsd=invalid" in row["notes"]):
            continue
        found = _signatures((CORPUS / row["file"]).read_bytes())
        intact = any(one.seal is Seal.INTACT for one in found)
        assert intact or not said.startswith("sig=verifies"), row["file"]
        if "alertswiss" in row["file"]:
            assert (intact, found[0].reindented) == (True, False), row["file"]
        if "negative-fixture" in row["notes"]:
            assert not any(one.seal is Seal.INTACT and not one.reindented for one in found), row["file"]
        outcome[intact, said.split("[")[0]] += 1
    print(
        {f"{'intact' if intact else 'not'}, reference says {said}": count for (intact, said), count in outcome.items()}
    )
    assert sum(outcome.values()) > 80
