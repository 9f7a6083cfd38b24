"""Asks a platform about deliveries in doubt, as a dispatcher does; what it says, and what a person may type then."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from schemas.words import Channel, Kind
from services.cli.checks.environment import of_the_house
from services.cli.context import Context
from services.cli.errors import Code, fail
from services.dispatch.evidence import Evidence
from services.dispatch.persons import Persons
from services.dispatch.port import Channel as Platform
from services.dispatch.port import Job, LookUp
from services.dispatch.sms.service import SmsChannel
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.x.service import XChannel
from services.dispatch.x.settings import XSettings
from services.phonebook.book import open_phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.settings import PhonebookSettings

#: How many are asked about at once; a dispatcher's sweep asks about as many.
CHUNK = 100
Answer = Literal["there", "not there", "cannot be known"]


@dataclass(frozen=True)
class Looked:
    """What the platform says of one delivery. `platform_id` where it is there."""

    delivery: str
    answer: Answer
    platform_id: str | None = None


def look(context: Context, channel: Channel, ledger: Persons, ids: Sequence[str]) -> list[Looked]:
    """Ask about these deliveries, with the settings of the house. Fails with a sentence where there are none here."""
    jobs = ledger.attempts(ids)
    with of_the_house(context.home), _platform(context, channel) as platform:
        seen = asyncio.run(_ask(platform, jobs))
    return [_read(ledger, job, seen.get(job.id, LookUp(complete=False))) for job in jobs]


@contextmanager
def _platform(context: Context, channel: Channel) -> Iterator[Platform]:
    try:
        if channel is Channel.X:
            yield XChannel(XSettings())
            return
        book = open_phonebook(context.shared, PhonebookSettings())
        try:
            yield SmsChannel(SmsSettings(), book)
        finally:
            book.close()
    except (ValidationError, OSError) as error:
        what = f"the settings of {channel} are not here as its dispatcher has them ({type(error).__name__})"
        fail(f"{what}: `tocsin doctor` names them", Code.WRONG)
    except PhonebookError as error:
        fail(str(error), Code.MISSING)


async def _ask(platform: Platform, jobs: Sequence[Job]) -> dict[str, LookUp]:
    seen: dict[str, LookUp] = {}
    await platform.open()
    try:
        for start in range(0, len(jobs), CHUNK):
            some = jobs[start : start + CHUNK]
            addresses = await platform.addresses([job.target for job in some], reading=True)
            seen |= await platform.look_up(some, addresses)
    except Exception:  # noqa: BLE001 - a look-up that fails proves nothing, and the answer says so
        return seen
    finally:
        await platform.close()
    return seen


def _read(ledger: Persons, job: Job, look_up: LookUp) -> Looked:
    mine = ledger.unclaimed([Evidence(job.id, each.platform_id, each.created) for each in look_up.found])
    if mine:
        return Looked(job.id, "there", mine[0].platform_id)
    if look_up.complete and job.kind is not Kind.DELETION:
        return Looked(job.id, "not there")
    return Looked(job.id, "cannot be known")
