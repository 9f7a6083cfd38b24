"""`tocsin brake on|off CHANNEL`: stop a channel at once, straight in its ledger. Needs no Kafka and no other room."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from schemas.words import Channel, Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.reasons import clean
from services.dispatch.brake import set_brake
from services.runtime.settings import RoomSettings, room_config

app = typer.Typer(help="Stop a channel at once, and let it go on.", no_args_is_help=True)

ChannelArgument = Annotated[Channel, typer.Argument(help="Which channel.")]
PersonOption = Annotated[
    str, typer.Option("--as", help="Who does this: it stays on record.", show_default="your login")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why: it stays on record.")]


@app.command("on")
def on(
    channel: ChannelArgument, person: PersonOption = "", reason: ReasonOption = "", data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Stop a channel: no message starts after this, what is being written may still land."""
    _set(Context(data, realm, as_json), channel, on=True, person=person, reason=reason)


@app.command("off")
def off(
    channel: ChannelArgument, person: PersonOption = "", reason: ReasonOption = "", data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Let a channel go on: what waited and is still true is sent."""
    _set(Context(data, realm, as_json), channel, on=False, person=person, reason=reason)


def _set(context: Context, channel: Channel, *, on: bool, person: str, reason: str) -> None:
    clean(reason)
    url = ledger_url(context, channel)
    try:
        set_brake(url, channel, on=on, by=person or getpass.getuser(), reason=reason, now=datetime.now(UTC))
    except DBAPIError as error:
        fail(f"the ledger of {channel} cannot be written ({error.orig}): stop its process instead", Code.MISSING)
    word = "on" if on else "off"
    context.say(f"the brake of {channel} is {word} ({context.realm})", channel=channel, brake=word, realm=context.realm)


def ledger_url(context: Context, channel: Channel) -> str:
    """Where the channel's dispatcher keeps its ledger: by the settings that it reads itself."""

    class Ledger(RoomSettings):
        model_config = room_config(channel.upper())

    url = Ledger().store_url(context.shared, f"dispatch/{channel}")
    parsed = make_url(url)
    if (
        parsed.get_backend_name() == "sqlite"
        and parsed.database
        and not context.home.joinpath(parsed.database).exists()
    ):
        fail(f"there is no ledger at {parsed.database}: is --data (and --realm) that of the dispatcher?", Code.MISSING)
    return url
