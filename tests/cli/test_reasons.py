"""People's own reasons pass the identifier gate before anything is signed or written."""

from pathlib import Path

import pytest

from services.cli.errors import Failure
from services.cli.reasons import clean
from tests.support.house import tocsin

PERSONAL = "Patient Jane Doe, MRN 55512345, called"


@pytest.mark.parametrize("reason", [None, "", "the exercise is over", "say Isla Verde as well"])
def test_an_ordinary_reason_passes(reason: str | None) -> None:
    clean(reason)


def test_a_person_in_it_is_refused_and_covered() -> None:
    with pytest.raises(Failure, match="may identify a person") as failed:
        clean(PERSONAL)
    assert "Jane" not in str(failed.value)
    assert "55512345" not in str(failed.value)


@pytest.mark.parametrize(
    "words",
    [
        ("brake", "on", "sms", "--as", "officer-1"),
        ("withdraw", "0" * 32, "--as", "officer-1", "--key", "none.pem"),
        ("return", "0" * 8, "--as", "officer-1", "--key", "none.pem"),
        ("doubt", "failed", "sms", "1" * 32, "--as", "officer-1"),
        ("parked", "drop", "alerts.accepted/0/1", "--as", "officer-1"),
        ("keys", "revoke", "ed25519-0000000000000000", "--as", "admin-1", "--key", "none.pem"),
        ("bytes", "sha256:" + "0" * 64, "--as", "officer-1", "--key", "none.pem"),
    ],
    ids=lambda words: words[0],
)
def test_every_verb_with_a_reason_asks_the_gate_first(words: tuple[str, ...], tmp_path: Path) -> None:
    result = tocsin(*words, "--reason", PERSONAL, data=tmp_path)
    assert result.returncode == 2, result.stderr
    assert "may identify a person" in result.stderr
    assert "Jane" not in result.stderr
