"""What a message says about itself: one small function a rule, each pure."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from schemas.cap import CapAlert, MsgType, Scope
from services.cap.reading import Reading
from services.intake.findings import Remark, remarks_of

#: How far a sender's clock may be ahead of ours.
CLOCK_SLACK = timedelta(minutes=5)

Rule = Callable[[CapAlert, datetime], Iterator[Remark]]


def remarks(reading: Reading, now: datetime) -> list[Remark]:
    """All that is to be said about one message alone, as of `now`."""
    found = remarks_of(reading.notes)
    for rule in RULES:
        found.extend(rule(reading.alert, now))
    return found


def _info(alert: CapAlert, _now: datetime) -> Iterator[Remark]:
    if alert.info:
        return
    if alert.msg_type is MsgType.CANCEL:
        yield Remark("cancel-without-info", "info is missing, as a Cancel may; what it cancels says the rest", "info")
    else:
        yield Remark("no-info", "info is missing: nothing says what happened, where, and what to do", "info")


def _scope(alert: CapAlert, _now: datetime) -> Iterator[Remark]:
    if alert.scope is not Scope.PUBLIC:
        yield Remark("not-public", f"scope is {alert.scope}: it is not meant for everybody", "scope")


def _future(alert: CapAlert, now: datetime) -> Iterator[Remark]:
    if alert.sent > now + CLOCK_SLACK:
        yield Remark("sent-in-future", "sent lies more than five minutes in the future: a clock is wrong", "sent")


def _expires(alert: CapAlert, now: datetime) -> Iterator[Remark]:
    ends = [info.expires for info in alert.info if info.expires is not None]
    if len(ends) < len(alert.info):
        yield Remark("no-expires", "expires is missing; the policy's own end applies", "expires")
    elif ends and max(ends) <= now and alert.msg_type is not MsgType.CANCEL:
        yield Remark("expired", "expires had passed when it arrived", "expires")


RULES: tuple[Rule, ...] = (_info, _scope, _future, _expires)
