"""`tocsin compare CHANNEL`: hold the platform's own list against the ledger now, and not only once a day."""

from collections.abc import Iterable
from typing import Annotated, Any

import aiohttp
import typer

from schemas.words import Channel, Realm
from services.cli import wire
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.doors import every_door
from services.cli.errors import Code, fail

#: A list of hundreds of thousands is read page by page.
LONGEST_S = 3600.0
_LIMIT = aiohttp.ClientTimeout(total=LONGEST_S, sock_connect=wire.ASK_S)

ChannelArgument = Annotated[Channel, typer.Argument(help="Whose list.")]
DoorOption = Annotated[
    str | None, typer.Option("--door", metavar="URL", help="The dispatcher's private door, where --data has none.")
]


def compare(
    channel: ChannelArgument, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *,
    door: DoorOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Look in the platform's list of two days for what came twice, is nobody's, or ended without a report."""
    context = Context(data, realm, as_json)
    found = wire.run(_ask(channel, _doors(context, f"dispatch/{channel}", door)))
    context.say(_words(channel, found), channel=channel, realm=realm, **found)


def _doors(context: Context, room: str, door: str | None) -> list[str]:
    """The door that is named, else those that are known: replicas share a ledger, so any of them will do."""
    if door is None:
        context.doors(room)  # ends with a sentence where none is known
        return [each["private"] for each in every_door(context.home, room)]
    if not door.startswith(("http://", "https://")):
        fail("--door wants a URL, such as http://127.0.0.1:9100", Code.WRONG)
    return [door.rstrip("/")]


async def _ask(channel: Channel, doors: Iterable[str]) -> dict[str, Any]:
    """The first answer; fails with a sentence where there is none, or where the list could not be read."""
    silent = []
    async with aiohttp.ClientSession(timeout=_LIMIT) as session:
        for door in doors:
            try:
                return await _post(session, channel, door)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ServerTimeoutError):
                    fail(f"the list of {channel} was not read within {LONGEST_S / 60:g} minutes", Code.TIMEOUT)
                silent.append(f"{door} ({type(error).__name__})")
    return fail(f"dispatch/{channel} does not answer at {', '.join(silent)}: is it running?", Code.MISSING)


async def _post(session: aiohttp.ClientSession, channel: Channel, door: str) -> dict[str, Any]:
    async with session.post(f"{door}/compare") as answer:
        if not answer.ok:
            fail(_refused(channel, door, answer.status), Code.MISSING)
        return _checked(await answer.json(), door)


def _checked(found: object, door: str) -> dict[str, Any]:
    if not isinstance(found, dict) or not {"listed", "known", "duplicates", "strangers", "ended"} <= found.keys():
        fail(f"what stands at {door} is no dispatcher's private door", Code.WRONG)
    return found


def _refused(channel: Channel, door: str, status: int) -> str:
    if status < 500:  # noqa: PLR2004 - HTTP's own
        return f"what stands at {door} is no dispatcher's private door (it answers with {status})"
    return (
        f"the list of {channel} could not be read whole (its dispatcher answers with {status}): the log of "
        f"dispatch/{channel} says why, `tocsin doctor` asks the platform for one line of it"
    )


def _words(channel: Channel, found: dict[str, Any]) -> str:
    return (
        f"{channel}: {found['listed']} messages of two days stand on the list, {found['known']} of them are the "
        f"ledger's; {found['duplicates']} more came twice\n"
        f"{found['strangers']} are nobody's here, and of {found['ended']} only the list said how they ended"
    )
