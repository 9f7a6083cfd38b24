"""`tocsin doubt`: messages of which it is not known whether they arrived, and the word of a person who has looked.

Straight from and into the channels' ledgers, as `tocsin brake`: needs neither Kafka nor any room.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError

from schemas.words import Channel, Realm, State
from services.cli.brake import ledger_url
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, Failure, fail
from services.cli.reasons import checked
from services.dispatch.persons import NotMovedError, Persons, Saying

app = typer.Typer(help="Messages that may or may not have arrived: what is known, and your word.", no_args_is_help=True)

ChannelArgument = Annotated[Channel, typer.Argument(help="Which channel.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(help="Ids that `tocsin doubt list` shows.")]
LineageOption = Annotated[str | None, typer.Option("--lineage", help="All of an alert, if the same is true of each.")]
PersonOption = Annotated[str, typer.Option("--as", help="Who says so: it stays on record.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", callback=checked, help="What you have looked at: it stays on record.")
]
PlatformIdOption = Annotated[
    str | None, typer.Option("--platform-id", help="The platform's own id of the message, for one delivery.")
]

_WHY = {
    State.UNKNOWN: "no usable answer came; once it can no longer arrive it is looked up, and settles itself",
    State.UNRESOLVED: "no usable answer came, and the platform's look-up kept failing: only a person can tell",
}
_THEN = {
    "there": "tocsin doubt sent {channel} {id} --platform-id {platform_id} --as NAME --reason WHY",
    "not there": "tocsin doubt planned {channel} {id} --as NAME --reason WHY, and it is sent again",
    "cannot be known": "see what `tocsin doctor` says of the platform, or look on its own page",
}
_DO = "tocsin doubt check {channel} asks the platform now, or look on its own page; then type: "
_DO += "tocsin doubt sent|planned|failed {channel} {id} --as NAME --reason WHY"


@app.command("list")
def list_(
    channel: Annotated[Channel | None, typer.Option("--channel", help="Only this channel.")] = None,
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List what is unknown or unresolved: since when, why, and what to do."""
    context, now, number = Context(data, realm, as_json), datetime.now(UTC), 0
    for each in [channel] if channel else _with_a_ledger(context):
        with _ledger(context, each) as ledger:
            for row in ledger.open_questions():
                _show(context, each, row, now)
                number += 1
    if not number and not as_json:
        print("nothing is in doubt")


@app.command()
def check(
    channel: ChannelArgument, ids: IdsArgument = None, *, data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Ask the platform now, about these or all that are unresolved. Nothing is changed: then say what you know."""
    from services.cli.looking import look  # noqa: PLC0415 - it loads the vendors' clients, which the other verbs spare

    context = Context(data, realm, as_json)
    with _ledger(context, channel) as ledger:
        asked = ids or [row.id for row in ledger.open_questions() if row.state == State.UNRESOLVED]
        found = look(context, channel, ledger, asked)
    for each in found:
        words = f"{each.delivery}: {each.answer}"
        do = _THEN[each.answer].format(channel=channel, id=each.delivery, platform_id=each.platform_id)
        context.say(f"{words} -> {do}", id=each.delivery, channel=channel.value, answer=each.answer,
                    platform_id=each.platform_id, do=do)  # fmt: skip
    absent = [each.delivery for each in found if each.answer == "not there"]
    if len(absent) > 1 and not as_json:
        print(f"at once: tocsin doubt planned {channel} {' '.join(absent)} --as NAME --reason WHY")
    if not found:
        fail(f"nothing of {', '.join(asked) or channel} is in the ledger, or unresolved: `tocsin doubt list`")


@app.command()
def sent(
    channel: ChannelArgument, person: PersonOption, reason: ReasonOption, ids: IdsArgument = None, *,
    lineage: LineageOption = None, platform_id: PlatformIdOption = None, data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say that it is there: it counts as sent, and is taken back with the others if need be."""
    if platform_id is not None and (lineage is not None or len(ids or ()) != 1):
        fail("--platform-id is one message's: name exactly one delivery with it", Code.WRONG)
    context = Context(data, realm, as_json)
    _settle(context, channel, _named(context, channel, ids, lineage), State.SENT, person, reason, platform_id)


@app.command()
def planned(
    channel: ChannelArgument, person: PersonOption, reason: ReasonOption, ids: IdsArgument = None, *,
    lineage: LineageOption = None, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say that it is surely not there: it is sent again, like any other."""
    context = Context(data, realm, as_json)
    _settle(context, channel, _named(context, channel, ids, lineage), State.PLANNED, person, reason)


@app.command()
def failed(
    channel: ChannelArgument, person: PersonOption, reason: ReasonOption, ids: IdsArgument = None, *,
    lineage: LineageOption = None, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give it up: it is not sent again, and nobody looks any more."""
    context = Context(data, realm, as_json)
    _settle(context, channel, _named(context, channel, ids, lineage), State.FAILED, person, reason)


def _show(context: Context, channel: Channel, row: Any, now: datetime) -> None:  # noqa: ANN401 - a row of `delivery`
    state = State(row.state)
    facts = {
        "id": row.id, "channel": channel.value, "state": state.value, "since": row.changed_at.isoformat(),
        "seconds": round((now - row.changed_at).total_seconds()), "why": _WHY[state], "reason": row.reason,
        "lineage": row.lineage, "version": row.version, "revision": row.revision, "kind": row.kind,
        "severity": row.severity, "language": row.language, "target": row.target, "attempt": row.attempt,
        "tried": row.intent_at.isoformat() if row.intent_at else None, "ends": row.ends.isoformat(),
        "moves": ["sent", "planned", "failed"] if state is State.UNRESOLVED else [],
    }  # fmt: skip
    lines = [
        f"{channel} {row.id}  {state} since {row.changed_at:%Y-%m-%d %H:%M:%S} UTC ({_age(facts['seconds'])})",
        f"    {row.severity} {row.kind} of {row.lineage}, version {row.version}, to {row.target}, try {row.attempt}",
        f"    {_WHY[state]}",
    ]
    if state is State.UNRESOLVED:
        lines.append(f"    {_DO.format(channel=channel, id=row.id)}")
    context.say("\n".join(lines), **facts)


def _age(seconds: int) -> str:
    minutes = seconds // 60
    return f"{seconds} s" if minutes == 0 else f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - two hours


def _with_a_ledger(context: Context) -> list[Channel]:
    found = []
    for channel in Channel:
        try:
            ledger_url(context, channel)
        except Failure:
            continue
        found.append(channel)
    if not found:
        fail(
            f"no channel has a ledger in {context.home}: is --data (and --realm) that of the dispatchers?", Code.MISSING
        )
    return found


@contextmanager
def _ledger(context: Context, channel: Channel) -> Iterator[Persons]:
    url = ledger_url(context, channel)
    try:
        ledger = Persons(url, channel, context.realm)
        try:
            yield ledger
        finally:
            ledger.close()
    except DBAPIError as error:
        fail(
            f"the ledger of {channel} cannot be used ({error.orig}): is its disk full, or its server away?",
            Code.MISSING,
        )


def _named(context: Context, channel: Channel, ids: list[str] | None, lineage: str | None) -> list[str]:
    """The deliveries that are meant: by their ids, or all of one alert that wait for a person."""
    if bool(ids) is (lineage is not None):
        fail("name deliveries by their ids, or all unresolved ones of an alert by --lineage", Code.WRONG)
    if lineage is None:
        return ids or []
    with _ledger(context, channel) as ledger:
        found = [row.id for row in ledger.open_questions(lineage) if row.state == State.UNRESOLVED]
    if not found:
        fail(f"nothing of {lineage} is unresolved on {channel}: `tocsin doubt list` shows what is")
    return found


def _settle(  # noqa: PLR0917 - one sentence: who says what about which, and why
    context: Context, channel: Channel, ids: list[str], to: State, person: str, reason: str,
    platform_id: str | None = None,
) -> None:  # fmt: skip
    refused = 0
    with _ledger(context, channel) as ledger:
        for each in ids:
            try:
                state = ledger.settle(Saying(each, to, person, reason, platform_id), datetime.now(UTC))
            except NotMovedError as error:
                refused += 1
                context.say(f"{each}: refused: {error}", id=each, channel=channel.value, refused=str(error))
                continue
            more = "" if state is to else f" (you said {to}: it may not start any more)"
            context.say(f"{each}: {state}{more}", id=each, channel=channel.value, state=state.value, by=person)
    if refused:
        fail(f"{refused} of {len(ids)} were refused; nothing has changed of them")
