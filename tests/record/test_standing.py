"""Where an alert is, in one word."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from schemas.words import BroadcastKind, DecisionWord
from services.record.standing import Facts, Standing, standing
from tests.support.trust import NOW

LATER, BEFORE = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
OUT = {"composed": True, "released": True, "expires": LATER}
WITHDRAW, PAUSE, RESUME = DecisionWord.WITHDRAW, DecisionWord.PAUSE, DecisionWord.RESUME


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "accepted"),
        ({"held": True}, "held"),
        ({"held": True, "withheld": True}, "withheld"),
        ({"composed": True, "held": True}, "composed"),
        ({"composed": True, "asked": True}, "waiting"),
        ({"composed": True, "asked": True, "withheld": True}, "withheld"),
        (OUT, "released"),
        (OUT | {"asked": True, "withheld": True}, "released"),
        (OUT | {"stops": (PAUSE,)}, "paused"),
        (OUT | {"stops": (PAUSE, RESUME)}, "released"),
        (OUT | {"stops": (PAUSE, RESUME, PAUSE)}, "paused"),
        (OUT | {"stops": (WITHDRAW, RESUME)}, "withdrawn"),
        (OUT | {"expires": NOW}, "expired"),
        (OUT | {"expires": BEFORE, "stops": (WITHDRAW,)}, "withdrawn"),
        (OUT | {"kind": BroadcastKind.CANCEL, "expires": BEFORE}, "cancelled"),
        ({"composed": True, "asked": True, "stops": (WITHDRAW,)}, "withdrawn"),
    ],
)
def test_the_word(facts: dict[str, Any], word: str) -> None:
    assert standing(Facts(**facts), NOW) == word


def test_a_withdrawal_is_never_hidden_by_anything_else_that_happens() -> None:
    flags = ("held", "asked", "withheld", "released")
    for values in itertools.product([False, True], repeat=len(flags)):
        for kind, expires in itertools.product(BroadcastKind, (BEFORE, LATER)):
            facts = Facts(
                composed=True, kind=kind, expires=expires, stops=(PAUSE, WITHDRAW, RESUME),
                **dict(zip(flags, values, strict=True)),
            )  # fmt: skip
            assert standing(facts, NOW) is Standing.WITHDRAWN
