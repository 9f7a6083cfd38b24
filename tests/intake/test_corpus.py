"""The bar: the corpus as the command line grades it, with the numbers that the README gives."""

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from services.intake.rules import Cost
from services.intake.signing import SignatureState
from services.intake.validate import Verdict, validate

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "cap"
pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not there: {CORPUS}")


@cache
def judged() -> list[tuple[dict[str, str], Verdict]]:
    with (CORPUS / "manifest.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return [(row, validate((CORPUS / row["file"]).read_bytes())) for row in rows]


def of(folder: str) -> list[tuple[dict[str, str], Verdict]]:
    return [(row, verdict) for row, verdict in judged() if row["file"].startswith(f"{folder}/")]


def native(row: dict[str, str]) -> bool:
    return not any(mark in row["notes"] for mark in ("fixture-synthetic", "derived-from-json"))


@pytest.mark.parametrize("folder", ["valid", "signed"])
def test_what_is_valid_is_never_refused(folder: str) -> None:
    counts = Counter(verdict.grade for _, verdict in of(folder))
    print(f"{folder}: {dict(counts)}")
    assert [row["file"] for row, verdict in of(folder) if verdict.grade == "refuse"] == []


def test_what_is_invalid_is_never_clean() -> None:
    counts = Counter(verdict.grade for _, verdict in of("invalid"))
    print(f"invalid: {dict(counts)}")
    assert [row["file"] for row, verdict in of("invalid") if verdict.grade == "accept"] == []


def test_what_is_invalid_is_stopped_for_the_reason_in_the_manifest() -> None:
    """A signature that is wrong on purpose by a finding about it, everything else by one about form."""
    for row, verdict in of("invalid"):
        stopped_by = {finding.rule for finding in verdict.findings if finding.cost > Cost.NOTE}
        about_signing = {rule for rule in stopped_by if rule.startswith(("signature", "certificate"))}
        if "xsd=valid" in row["notes"]:
            assert about_signing, row["file"]
        else:
            assert stopped_by - about_signing, row["file"]


def test_most_real_alerts_pass_by_themselves() -> None:
    real = [verdict for row, verdict in of("valid") if native(row) and _for_everybody(verdict)]
    clean = [verdict for verdict in real if verdict.grade == "accept"]
    holds = Counter(
        rule for verdict in real for rule in {one.rule for one in verdict.findings if one.cost is Cost.HOLD}
    )
    print(f"native, Actual, Public: {len(clean)} of {len(real)} clean; held by {dict(holds)}")
    assert len(clean) >= len(real) * 2 / 3


def _for_everybody(verdict: Verdict) -> bool:
    return verdict.alert is not None and (verdict.alert.status, verdict.alert.scope) == ("Actual", "Public")


def test_the_german_files_are_held_for_their_swapped_axes() -> None:
    derived = [(row, verdict) for row, verdict in judged() if "derived-from-json" in row["notes"]]
    for row, verdict in derived:
        assert verdict.grade == "hold", row["file"]
        assert "swapped-axes" in {finding.rule for finding in verdict.findings}, row["file"]
    print(f"derived from JSON: {len(derived)}, all held for swapped axes")


def test_no_failed_signature_is_accepted() -> None:
    states = Counter((verdict.signature.value, verdict.grade) for _, verdict in judged() if verdict.signature != "none")
    print(f"signatures: {dict(states)}")
    assert (SignatureState.FAILED, "accept") not in states
    assert not any(verdict.signature is SignatureState.VERIFIED for _, verdict in judged())


def test_no_finding_quotes_the_message() -> None:
    for row, verdict in judged():
        for finding in verdict.findings:
            assert row["event"] == "" or len(row["event"]) < 12 or row["event"] not in finding.says, row["file"]
