"""What waits for a person, by what the rooms that run count: parked records, doubt, brakes, old bundles, unread."""

import asyncio
import math
from collections.abc import Iterator

from schemas.words import Reason, State
from services.cli import room_states
from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.keys import trust_files
from services.cli.sight.asking import Answer
from services.cli.sight.asking import look as ask
from services.runtime.trusted import NotTrustedError

OLD_DOUBT_S = 600
#: So many records are read in seconds; more of them, or these for longer, is a room that does not move.
MANY_UNREAD = 500
#: Refusals of our account, not of one recipient (the alert TocsinAccountRefused).
OUR_FAULT = (Reason.AUTH, Reason.PAYMENT, Reason.FORBIDDEN_CAPABILITY)


def look(context: Context) -> Iterator[Found]:
    """Nothing where no room runs."""
    answers = asyncio.run(ask(context)).answers
    if not any(answer.samples for answer in answers.values()):
        return
    found = [each for room, answer in answers.items() for each in _room(room, answer)]
    yield from found
    yield from _bundles(context)
    if not found:
        yield good("waiting", "nothing is parked, in old doubt or braked, and every room reads what comes")


def _room(room: str, answer: Answer) -> Iterator[Found]:
    if parked := _sum(answer, "tocsin_record_parked"):
        yield bad("parked", f"{parked:g} records wait for a person", "tocsin parked list, then replay or drop each")
    if unread := _sum(answer, "tocsin_consumer_lag_records"):
        says = f"{unread:g} records stand before it and are not handled"
        if unread > MANY_UNREAD:
            yield bad(room, says, "ask again in a minute: if it stays, start the room again, and see its log")
    channel = room.removeprefix("dispatch/")
    if unresolved := _sum(answer, "tocsin_ledger_rows", state=State.UNRESOLVED):
        yield bad(room, f"of {unresolved:g} messages nobody knows whether they arrived", "tocsin doubt list")
    for reason in OUR_FAULT:
        if failed := _sum(answer, "tocsin_deliveries_total", state=State.FAILED, reason=reason):
            says = f"{failed:g} messages have failed for good since it started: our account was refused ({reason})"
            yield mind(
                room, says, "deploy/runbook.md#tocsinaccountrefused: they are told by an Update, or in another way"
            )
    if (oldest := _sum(answer, "tocsin_oldest_doubt_seconds")) > OLD_DOUBT_S:
        says = f"a message has been in doubt for {oldest / 60:.0f} min: the platform's look-up does not answer"
        yield bad(room, says, "tocsin doubt list; and see what is said here about its credentials")
    if _sum(answer, "tocsin_brake_on"):
        yield mind(room, "its brake is on: nothing is sent", f"tocsin brake off {channel}, when it may go on")


def _bundles(context: Context) -> Iterator[Found]:
    try:
        bundle = trust_files.current_bundle(context.home)
    except NotTrustedError:
        return  # `trust` says it
    if bundle is None:
        return
    for behind in room_states.look(context).by_older_bundle(bundle.statement.serial):
        says = f"{behind.says}, and {context.home}/bundle.json is {bundle.statement.serial}"
        yield bad(behind.room, says, "tocsin keys publish gives it to every room again; else start the room again")


def _sum(answer: Answer, name: str, **labels: str) -> float:
    """Of what the room can count now: NaN is what it cannot, and its readiness says why."""
    found = (s.value for s in answer.samples if s.name == name and labels.items() <= s.labels.items())
    return math.fsum(value for value in found if not math.isnan(value))
