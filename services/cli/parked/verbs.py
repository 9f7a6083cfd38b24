"""`tocsin parked`: the records that no room could handle, and their end by a person: replayed or dropped."""

import base64
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from schemas.operations import Closing
from schemas.topics import PARKED
from schemas.words import Realm
from services.cli import wire
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.parked import words as parked_words
from services.cli.reasons import checked
from services.runtime.decoding import ONLY_HEADER, Envelope
from services.runtime.outbox import SCHEMA_HEADER, Message, message_of

app = typer.Typer(help="Records that could not be handled and wait for a person.", no_args_is_help=True)

IdArgument = Annotated[
    str, typer.Argument(help="The id that `tocsin parked list` shows; without #room: of every room.")
]
PersonOption = Annotated[str, typer.Option("--as", help="Who does this: it stays on record.")]
ReasonOption = Annotated[str, typer.Option("--reason", callback=checked, help="Why: it stays on record.")]

_ORIGINAL = "original-"


@dataclass(frozen=True)
class Parked:
    """One parked record: its id, the bytes, and in headers why and whence (`services.runtime.parking`)."""

    id: str
    value: bytes
    headers: dict[str, str]

    @property
    def facts(self) -> dict[str, object]:
        """What a list shows of it; never the bytes, which may hold anything."""
        names = ("room", "topic", "error", "cause", "at")
        found = {name: self.headers.get(f"tocsin-{name}", "") for name in names}
        error = found["error"]
        means = parked_words.effect_of(found["topic"], found["room"])
        words = {"means": means, "why": parked_words.why(error), "do": parked_words.cure(error, self.id)}
        return {"id": self.id, **found, **words, "bytes": len(self.value)}

    @property
    def lines(self) -> str:
        """The same for a person."""
        facts = self.facts
        return (
            f"{self.id}  since {str(facts['at'])[:19]}, {facts['bytes']} bytes\n    {facts['room']}: {facts['means']}\n"
            f"    {facts['why']} ({facts['error']}: {facts['cause']})\n    -> {facts['do']}"
        )

    def replay(self) -> Message:
        """The record as it was, for the one room that parked it."""
        originals = {
            name.removeprefix(_ORIGINAL): value for name, value in self.headers.items() if name.startswith(_ORIGINAL)
        }
        key = base64.b64decode(self.headers["tocsin-key"])
        return Message(
            self.headers["tocsin-topic"], key, self.value, originals | {ONLY_HEADER: self.headers["tocsin-room"]}
        )


def open_records(found: list[Envelope]) -> dict[str, Parked]:
    """What still waits, by id: the last word of each key, unless that is a Closing or a tombstone."""
    waiting: dict[str, Parked] = {}
    for envelope in found:
        each = (envelope.key or b"").decode("utf-8", "replace")
        if envelope.value is None or envelope.headers.get(SCHEMA_HEADER, "").startswith(f"{Closing.schema_name}/"):
            waiting.pop(each, None)
        else:
            waiting[each] = Parked(each, envelope.value, dict(envelope.headers))
    return waiting


@app.command("list")
def list_(data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False) -> None:
    """List what is parked."""
    context = Context(data, realm, as_json)
    waiting = open_records(context.read(PARKED))
    for each in waiting.values():
        context.say(each.lines, **each.facts)
    if not waiting and not as_json:
        print("nothing is parked")


@app.command()
def show(
    record: IdArgument, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *,
    as_json: JsonOption = False,
    raw: Annotated[bool, typer.Option("--raw", help="Only the bytes, unchanged.")] = False,
) -> None:  # fmt: skip
    """Show one parked record, headers and bytes."""
    context = Context(data, realm, as_json)
    found = _one(context, record)
    if raw:
        sys.stdout.buffer.write(found.value)
    elif as_json:
        context.emit({**found.facts, "headers": found.headers, "value": base64.b64encode(found.value).decode()})
    else:
        for name, value in sorted(found.headers.items()):
            print(f"{name}: {value}")
        print(f"\n{found.value.decode('utf-8', 'backslashreplace')}")


@app.command()
def replay(
    record: IdArgument, person: PersonOption, reason: ReasonOption, data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give a parked record to its room again, and to no other."""
    context = Context(data, realm, as_json)
    for found in _each(context, record):
        _send(context, [found.replay(), *_end(context, found, "replay", person, reason)])
        room = found.headers["tocsin-room"]
        again = "; should it fail there again, it is parked under another id: `tocsin parked list`"
        context.say(f"replayed {found.id} to {room}{again}", id=found.id, did="replay")


@app.command()
def drop(
    record: IdArgument, person: PersonOption, reason: ReasonOption, data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give a parked record up for good."""
    context = Context(data, realm, as_json)
    for found in _each(context, record):
        _send(context, _end(context, found, "drop", person, reason))
        context.say(f"dropped {found.id}", id=found.id, did="drop")


def _one(context: Context, record: str) -> Parked:
    found = _each(context, record)
    if len(found) > 1:
        fail(f"{record} is parked by {len(found)} rooms: say which, for example {found[0].id}", Code.WRONG)
    return found[0]


def _each(context: Context, record: str) -> list[Parked]:
    """The one record that is meant, or, of an id without a room, what every room has parked of it."""
    waiting = open_records(context.read(PARKED))
    found = [each for name, each in waiting.items() if record in {name, name.partition("#")[0]}]
    if not found:
        fail(f"{record} is not parked ({len(waiting)} are): `tocsin parked list` shows them")
    return found


def _end(context: Context, found: Parked, did: Literal["replay", "drop"], person: str, reason: str) -> list[Message]:
    """The closing record, then the tombstone, in this order and under the record's own key."""
    closing = Closing(
        realm=context.realm, origin=found.headers.get("tocsin-origin", found.id), did=did, person=person, reason=reason,
        at=datetime.now(UTC),
    )  # fmt: skip
    said = message_of(context.realm, PARKED, found.id, closing)
    return [said, Message(said.topic, said.key, None, {})]


def _send(context: Context, messages: list[Message]) -> None:
    wire.run(wire.send(context.kafka, messages))
