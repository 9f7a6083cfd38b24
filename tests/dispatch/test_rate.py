"""How many may start: tokens for the platform's rate, a concurrency that learns from refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.rate import Rate
from tests.dispatch.fakes import ManualClock


def test_without_a_rate_as_many_as_are_wanted() -> None:
    rate = Rate(ManualClock(), 0, 64)
    assert (rate.take(1000), rate.take(-3), rate.wait_s) == (1000, 0, 0)


def test_tokens_come_back_with_time_and_never_pile_up() -> None:
    clock = ManualClock()
    rate = Rate(clock, 10, 64)
    assert (rate.take(64), rate.take(64)) == (10, 0)
    clock.pass_time(0.5)
    assert rate.take(64) == 5
    clock.pass_time(3600)
    assert rate.take(64) == 10


def test_tokens_that_started_nothing_go_back() -> None:
    rate = Rate(ManualClock(), 10, 64)
    rate.give_back(rate.take(10) - 2)
    assert rate.take(64) == 8


@given(st.floats(0.01, 50), st.lists(st.floats(0, 5), min_size=1, max_size=40))
def test_never_more_starts_than_the_rate_allows(per_s: float, waits: list[float]) -> None:
    clock = ManualClock()
    rate, started = Rate(clock, per_s, 64), 0
    for wait in waits:
        clock.pass_time(wait)
        started += rate.take(1000)
    assert started <= max(1.0, per_s) + per_s * sum(waits) + 1e-6


def test_the_wait_is_for_what_is_missing_now() -> None:
    clock = ManualClock()
    rate = Rate(clock, 0.1, 8)
    assert rate.take(5) == 1
    assert rate.wait_s == pytest.approx(10)
    clock.pass_time(9)
    assert rate.wait_s == pytest.approx(1)
    clock.pass_time(1)
    assert (rate.wait_s, rate.take(5)) == (0, 1)


def test_a_refusal_closes_until_the_platform_says() -> None:
    clock = ManualClock()
    rate = Rate(clock, 0, 64)
    rate.refused(30)
    assert (rate.take(5), rate.wait_s, rate.concurrency) == (0, 30, 32)
    clock.pass_time(30)
    assert rate.take(5) == 5


def test_a_refusal_without_a_word_closes_for_a_second() -> None:
    rate = Rate(ManualClock(), 0, 64)
    rate.refused(None)
    assert rate.wait_s == 1


def test_a_burst_of_refusals_is_one_lesson() -> None:
    """All of one window are refused at once; halving for each would leave one request in flight."""
    clock = ManualClock()
    rate = Rate(clock, 0, 64)
    for _ in range(40):
        rate.refused(2)
    assert rate.concurrency == 32
    clock.pass_time(2)
    rate.refused(2)
    assert rate.concurrency == 16


def test_a_longer_word_of_the_same_burst_counts() -> None:
    rate = Rate(ManualClock(), 0, 64)
    rate.refused(1)
    rate.refused(900)
    assert rate.wait_s == 900


def test_quiet_answers_raise_it_again_and_not_above_the_window() -> None:
    clock = ManualClock()
    rate = Rate(clock, 0, 8)
    rate.refused(0)
    assert rate.concurrency == 4
    for _ in range(4):
        rate.answered()
    assert 4.5 < rate.concurrency <= 5
    for _ in range(500):
        rate.answered()
    assert rate.concurrency == 8


def test_it_never_falls_below_one() -> None:
    clock = ManualClock()
    rate = Rate(clock, 0, 4)
    for _ in range(10):
        rate.refused(1)
        clock.pass_time(1)
    assert (rate.concurrency, rate.take(1)) == (1, 1)
