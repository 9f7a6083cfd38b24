"""The closed set of alarms, of which record's metrics have a series each, is what the rooms raise."""

import inspect
import re
from pathlib import Path

from schemas.operations import ALARM_RULES
from schemas.words import Channel
from services.approve import announcing
from services.audience.saying import REACH_RULE
from services.dispatch.alarms import RULES
from services.intake import heartbeats, misplaced
from tests.support.code import REPOSITORY

RAISES = re.compile(r"(?<!class )\bAlarm\(")


def test_every_rule_of_every_room_is_in_the_set() -> None:
    approve = re.findall(r'_alarm\(\s*c, "([a-z-]+)"', inspect.getsource(announcing))
    assert dict(ALARM_RULES) == {
        "intake": (misplaced.RULE, heartbeats.RULE),
        "audience": (REACH_RULE,),
        "approve": tuple(dict.fromkeys(approve)),
        **{f"dispatch/{channel}": tuple(RULES) for channel in Channel},
    }


def test_nobody_else_raises_any() -> None:
    """A new place that does belongs into the test above."""
    services = REPOSITORY / "services"
    raising = {path.relative_to(services) for path in services.rglob("*.py") if RAISES.search(path.read_text())}
    assert raising == {
        Path("approve/announcing.py"), Path("audience/saying.py"), Path("dispatch/alarms.py"),
        Path("dispatch/persons.py"), Path("intake/heartbeats.py"), Path("intake/misplaced.py"),
    }  # fmt: skip
