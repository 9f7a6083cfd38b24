"""What every verb knows: the data folder, the realm, where Kafka is, how to speak, and how to fail."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from schemas.base import Record
from schemas.topics import Topic
from schemas.words import Realm
from services.cli import wire
from services.cli.doors import every_door, one_door
from services.cli.errors import Code, fail
from services.runtime.decoding import Envelope
from services.runtime.outbox import message_of
from services.runtime.settings import SharedSettings

DEFAULT_DATA = Path("tocsin-data")

DataOption = Annotated[Path, typer.Option("--data", envvar="TOCSIN_DATA", help="Folder that `tocsin up` works in.")]
RealmOption = Annotated[Realm, typer.Option("--realm", envvar="TOCSIN_REALM", help="`live`, or `drill`.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


@dataclass(frozen=True)
class Context:
    """Made by each verb out of its options. `fail` and `Code` are in `services.cli.errors`."""

    data: Path = DEFAULT_DATA
    realm: Realm = Realm.LIVE
    as_json: bool = False

    # --- where things are ---

    @property
    def home(self) -> Path:
        """The folder of this realm."""
        return self.data / self.realm.value

    @property
    def known_kafka(self) -> str | None:
        """Kafka's address: `TOCSIN_KAFKA`, or what `tocsin up` or `tocsin kafka up` left in the data folder."""
        return os.environ.get("TOCSIN_KAFKA") or read_kafka(self.data)

    @property
    def kafka(self) -> str:
        """The same; fails with a sentence where none is known."""
        found = self.known_kafka
        if found is None:
            fail(
                f"no Kafka is known in {self.data}: start one with `tocsin up` or `tocsin kafka up`, name the folder "
                "with --data, or set TOCSIN_KAFKA to host:port",
                Code.MISSING,
            )
        return found

    @property
    def shared(self) -> SharedSettings:
        """The settings that all rooms share, as a room started by `tocsin up` would have them."""
        given: dict[str, Any] = {"data": self.data, "realm": self.realm}
        if address := self.known_kafka:
            given["kafka"] = address
        try:
            return SharedSettings(**given)
        except ValidationError as error:
            fail("; ".join(f"TOCSIN_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()), Code.WRONG)

    def doors(self, room: str) -> dict[str, str]:
        """The addresses of a room's doors: `private` always, others by name. Fails where none is known."""
        found = one_door(self.home, room)
        if not found:
            fail(
                f"{room} has no door in {self.home}: is `tocsin up --realm {self.realm}` running? Of a room that runs "
                f"elsewhere, TOCSIN_CLI_DOORS={room}=http://host:port says where it is",
                Code.MISSING,
            )
        return found

    # --- Kafka and doors, one question each (services.cli.wire asks more at once) ---

    def publish(self, topic: Topic, key: str, value: Record | bytes, headers: Mapping[str, str] | None = None) -> None:
        """Publish one record to this realm's `topic`; back only when the broker has confirmed it."""
        wire.run(wire.send(self.kafka, [message_of(self.realm, topic, key, value, headers)]))

    def read(self, topic: Topic) -> list[Envelope]:
        """Every record that stands on this realm's `topic` now, in order within each partition."""
        return wire.run(wire.read_all(self.kafka, [topic.full(self.realm)]))

    def get(self, room: str, path: str) -> Any:  # noqa: ANN401 - whatever JSON the room's private door answers
        """The JSON that a private door of `room` answers at `path`; replicas share a store, so any of them will do."""
        self.doors(room)  # ends with a sentence where none is known
        return wire.run(wire.first_json([each["private"] + path for each in every_door(self.home, room)], room))

    # --- speaking ---

    def say(self, line: str, **fields: object) -> None:
        """One line for a person, or with --json the fields as one object."""
        if self.as_json:
            self.emit(fields)
        else:
            print(line, flush=True)

    def emit(self, fields: Mapping[str, object]) -> None:
        """One JSON object on standard output."""
        print(json.dumps(fields, default=str, ensure_ascii=False), flush=True)

    @property
    def interactive(self) -> bool:
        """Whether a person looks at standard output: then progress may move."""
        return sys.stdout.isatty() and not self.as_json


def kafka_file(data: Path) -> Path:
    """Where `up` and `kafka up` leave Kafka's address."""
    return data / "kafka.json"


def read_kafka(data: Path) -> str | None:
    """The address in that file."""
    try:
        return str(json.loads(kafka_file(data).read_text())["servers"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError):
        fail(f"{kafka_file(data)} cannot be read: remove it and start `tocsin up` again", Code.WRONG)


def write_kafka(data: Path, servers: str) -> None:
    """Leave Kafka's address for the other verbs, whole or not at all."""
    path = kafka_file(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"servers": servers}))
    fresh.replace(path)
