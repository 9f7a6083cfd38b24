"""Which faults a request meets."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.sandbox.effects import Broken, Hang, RateLimited
from services.sandbox.faults import Facts, Faults, Order

TEXT = Facts("twilio", "POST", "/2010-04-01/Accounts/AC1/Messages.json", "\nTo=+12025550123&Body=Boil water")
POST = Facts("x", "POST", "/2/tweets", '\n{"text": "Boil water"}')


def order(effect: dict[str, Any], **more: Any) -> Order:
    return Order.model_validate({"effect": effect, **more})


def strikes(faults: Faults, facts: Facts, number: int) -> Iterator[bool]:
    return (faults.plan(facts).answer is not None for _ in range(number))


@pytest.mark.parametrize(
    ("match", "meets"),
    [
        ({}, {"x", "twilio"}),
        ({"platform": "x"}, {"x"}),
        ({"method": "GET"}, set()),
        ({"path": "/2010-04-01/Accounts"}, {"twilio"}),
        ({"contains": "+12025550123"}, {"twilio"}),
        ({"contains": "Boil"}, {"x", "twilio"}),
        ({"platform": "x", "contains": "Body="}, set()),
    ],
)
def test_every_part_of_a_match_must_fit(match: dict[str, str], meets: set[str]) -> None:
    faults = Faults()
    faults.order(order({"type": "broken"}, match=match))
    assert {facts.platform for facts in (TEXT, POST) if faults.plan(facts).answer} == meets


def test_a_fault_skips_then_strikes_as_often_as_ordered() -> None:
    faults = Faults()
    fault = faults.order(order({"type": "reset"}, skip=2, times=3))
    assert list(strikes(faults, TEXT, 8)) == [False, False, True, True, True, False, False, False]
    assert (fault.met, fault.struck, fault.spent) == (5, 3, True)


def test_dice_are_seeded_and_each_fault_has_its_own() -> None:
    drawn = []
    for _ in range(2):
        faults = Faults()
        faults.order(order({"type": "reset"}, probability=0.3, seed=5))
        drawn.append(list(strikes(faults, TEXT, 2000)))
    assert drawn[0] == drawn[1]
    assert 500 < sum(drawn[0]) < 700


def test_waits_add_up_and_the_first_answer_wins() -> None:
    faults = Faults()
    faults.order(order({"type": "slow", "seconds": 0.5}))
    faults.order(order({"type": "slow", "seconds": 0.25, "accept": "first"}))
    faults.order(order({"type": "rate_limited", "retry_after": 3}))
    later = faults.order(order({"type": "broken"}))
    plan = faults.plan(POST)
    assert (plan.wait_before, plan.wait_after, plan.answer) == (
        0.5,
        0.25,
        RateLimited(type="rate_limited", retry_after=3),
    )
    assert later.met == 0, "a fault that cannot show is not used up"


@given(low=st.floats(0, 50), width=st.floats(0, 50), seed=st.integers(0, 2**32))
def test_a_range_is_drawn_from_evenly_and_stays_inside(low: float, width: float, seed: int) -> None:
    faults = Faults()
    faults.order(order({"type": "late", "seconds": [low, low + width]}, seed=seed))
    assert all(low <= faults.plan(TEXT).lag <= low + width for _ in range(5))


def test_a_hang_accepts_first_last_or_never() -> None:
    plans = {}
    for accept in ("first", "last", "never"):
        faults = Faults()
        faults.order(order({"type": "hang", "seconds": 10, "accept": accept}))
        plans[accept] = faults.plan(TEXT)
    assert [(plan.wait_before, plan.wait_after) for plan in plans.values()] == [(0, 10), (10, 0), (10, 0)]
    assert plans["last"].answer is None
    assert isinstance(plans["never"].answer, Hang)


def test_callback_effects_of_several_faults_come_together() -> None:
    faults = Faults()
    faults.order(order({"type": "callbacks", "mode": "late", "seconds": 2}))
    faults.order(order({"type": "callbacks", "mode": "repeat", "times": 3}))
    faults.order(order({"type": "callbacks", "mode": "shuffle"}))
    plan = faults.plan(TEXT).callbacks
    assert (plan.off, plan.late, plan.repeat) == (False, 2, 3)
    assert plan.shuffle is not None


def test_clearing_one_leaves_the_others() -> None:
    faults = Faults()
    first = faults.order(order({"type": "reset"}))
    faults.order(order({"type": "broken", "status": 502}))
    assert faults.clear(first.name) == 1
    assert faults.clear(first.name) == 0
    assert faults.plan(TEXT).answer == Broken(type="broken", status=502)
    assert faults.clear() == 1
    assert not faults.any


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"effect": {"type": "explode"}}, "does not match any of the expected tags"),
        ({"effect": {"type": "slow", "seconds": [3, 1]}}, "from no greater than to"),
        ({"effect": {"type": "slow", "seconds": -1}}, "say seconds from 0"),
        ({"effect": {"type": "broken", "status": 404}}, "greater than or equal to 500"),
        ({"effect": {"type": "duplicate"}}, "only X refuses duplicates"),
        ({"effect": {"type": "callbacks", "mode": "off"}, "match": {"platform": "x"}}, "X sends no callbacks"),
        ({"effect": {"type": "fate", "status": "failed"}}, "need a code"),
        ({"effect": {"type": "reset"}, "probability": 0}, "greater than 0"),
        ({"effect": {"type": "reset"}, "tims": 3}, "Extra inputs"),
    ],
)
def test_a_wrong_order_is_refused_with_a_reason(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Order.model_validate(wrong)
