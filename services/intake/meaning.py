"""What a message says of itself as a whole: its kind, its scope, its times, what it refers to."""

from collections.abc import Iterator
from datetime import timedelta

from schemas.cap import MsgType, Scope, Status
from services.intake.case import Case, Rule
from services.intake.findings import Remark

#: How far a sender's clock may be ahead of ours.
CLOCK_SLACK = timedelta(minutes=5)


def _info(case: Case) -> Iterator[Remark]:
    if case.alert.info:
        return
    if case.alert.msg_type is MsgType.CANCEL:
        yield Remark("cancel-without-info", "info is missing, as a Cancel may; what it cancels says the rest", "info")
    elif case.alert.msg_type not in {MsgType.ACK, MsgType.ERROR}:
        yield Remark("no-info", "info is missing: nothing says what happened, where, and what to do", "info")


def _area(case: Case) -> Iterator[Remark]:
    if any(not info.area for info in case.alert.info):
        says = "area is missing in an info; without any it means all of the publisher's jurisdiction"
        yield Remark("no-area", says, "area")


def _scope(case: Case) -> Iterator[Remark]:
    alert = case.alert
    if alert.scope is not Scope.PUBLIC:
        yield Remark("not-public", f"scope is {alert.scope}: it is not meant for everybody", "scope")
    if alert.scope is Scope.PRIVATE and not alert.addresses:
        yield Remark("addresses-missing", "scope is Private, and addresses says not for whom", "addresses")
    if (alert.scope is Scope.RESTRICTED) != (alert.restriction is not None):
        says = "restriction and scope Restricted go together, and one of them stands alone"
        yield Remark("restriction-scope", says, "restriction")


def _future(case: Case) -> Iterator[Remark]:
    if case.alert.sent > case.now + CLOCK_SLACK:
        yield Remark("sent-in-future", "sent lies more than five minutes in the future: a clock is wrong", "sent")


def _stale(case: Case) -> Iterator[Remark]:
    if case.stale_after_s is None or case.alert.msg_type is MsgType.CANCEL:
        return
    if (case.now - case.alert.sent).total_seconds() > case.stale_after_s:
        hours = case.stale_after_s / 3600
        yield Remark("stale", f"sent lies more than {hours:g} hours back: it may be true no longer", "sent")


def _expires(case: Case) -> Iterator[Remark]:
    alert = case.alert
    ends = [info.expires for info in alert.info if info.expires is not None]
    if len(ends) < len(alert.info):
        yield Remark("no-expires", "expires is missing; the policy's own end applies", "expires")
    elif ends and max(ends) <= case.now and alert.msg_type is not MsgType.CANCEL:
        yield Remark("expired", "expires had passed when it arrived", "expires")


def _order(case: Case) -> Iterator[Remark]:
    """Infos that end before they begin. One that ends before `sent` is expired, and said so already."""
    for info in case.alert.info:
        begins = max(moment for moment in (case.alert.sent, info.effective, info.onset) if moment is not None)
        if info.expires is not None and case.alert.sent <= info.expires < begins:
            yield Remark("ends-before-start", "expires is earlier than onset or effective", "expires")
            return


def _references(case: Case) -> Iterator[Remark]:
    alert = case.alert
    if any(reference.sent > alert.sent for reference in alert.references):
        yield Remark("reference-postdated", "it refers to a message with a later sent than its own", "references")
    if alert.msg_type in {MsgType.ACK, MsgType.ERROR} and not alert.references:
        yield Remark("answer-to-nothing", f"msgType is {alert.msg_type}, and references names nothing", "references")


def _note(case: Case) -> Iterator[Remark]:
    if case.alert.status is Status.EXERCISE and not case.alert.note:
        yield Remark("exercise-note", "status is Exercise; note should name the exercise", "note")


def _events(case: Case) -> Iterator[Remark]:
    kinds = {(info.language, info.event) for info in case.alert.info}
    if len({language for language, _ in kinds}) < len(kinds):
        yield Remark(
            "several-events", "infos of one language have different events; one event a message is clearer", "event"
        )


RULES: tuple[Rule, ...] = (
    _info, _area, _scope, _future, _stale, _expires, _order, _references, _note, _events,
)  # fmt: skip
