"""The inequality that everything stands on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.dispatch.bounds import Bounds
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.x.settings import XSettings

SECONDS = st.integers(0, 1000)


@given(st.builds(Bounds, SECONDS, SECONDS, SECONDS, SECONDS, SECONDS, SECONDS))
def test_only_a_quarantine_above_the_sum_is_right(bounds: Bounds) -> None:
    total = bounds.fresh + bounds.gap + bounds.answer + bounds.accept + bounds.visible
    assert (bounds.wrong() is None) == (bounds.quarantine > total)
    assert bounds.last_arrival + bounds.visible == bounds.sum


def test_the_sentence_names_the_settings_and_the_least_value() -> None:
    says = Bounds(10, 5, 10, 30, 30, 85).wrong()
    assert says is not None
    assert "QUARANTINE_S is 85 and must be above 85" in says
    for name in ("FRESH_S", "GAP_S", "ANSWER_S", "ACCEPT_S", "VISIBLE_S"):
        assert name in says


@pytest.mark.parametrize(
    ("made", "total", "quarantine"),
    [
        (SmsSettings(base_url="http://127.0.0.1", account_sid="AC" + "0" * 32, auth_token=SecretStr("t")), 85, 120),
        (XSettings(base_url="http://127.0.0.1"), 120, 180),
    ],
)
def test_the_defaults_are_the_protocols(made: SmsSettings | XSettings, total: float, quarantine: float) -> None:
    assert (made.bounds.sum, made.bounds.quarantine, made.bounds.wrong()) == (total, quarantine, None)
