"""Settings: every one an environment variable, `TOCSIN_` for all rooms and `TOCSIN_<ROOM>_` for one.

A secret may also come from a file: `TOCSIN_X_TOKEN_FILE=/run/secrets/x`. A wrong or misspelt setting stops the room
at start with a sentence that says what to do.
"""

import difflib
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic import AliasChoices, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.words import Realm
from services.runtime.file_settings import FILE, PREFIX, FileSettings
from services.runtime.kafka_access import KafkaAccess
from services.runtime.postgres import schema_name, with_schema
from services.runtime.store import sqlite_url


class SharedSettings(KafkaAccess):
    """What all rooms share."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    kafka: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers, host:port, separated by commas")
    realm: Realm = Field(Realm.LIVE, description="`live` reaches people, `drill` reaches nobody")
    data: Path = Field(Path("tocsin-data"), description="folder of the stores, ports and trust of all realms")
    replica: str = Field(
        default_factory=socket.gethostname, description="name of this replica, unique in its room: Kafka's static id"
    )
    bind: str = Field("127.0.0.1", description="address that private doors (metrics, health, JSON) listen on")
    log_level: str = Field(
        "INFO",
        pattern=r"^(?i:DEBUG|INFO|WARNING|ERROR)$",
        description="DEBUG, INFO, WARNING or ERROR, of our own lines; libraries' begin at WARNING",
    )
    bundle_digest: str | None = Field(
        None, description="sha256:… of the first trust bundle; without it the bundle in the data folder is believed"
    )
    replication: int = Field(1, description="replication factor of the topics that a room makes")
    sandbox_hosts: str = Field(
        "", description="hosts besides loopback that a SANDBOX account may use, by commas; private addresses only"
    )
    park_limit: int = Field(20, description="parked records in a row after which a room stops")
    traces_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/",
        description="OTLP over HTTP address that traces go to, such as http://127.0.0.1:4318/v1/traces; - is off",
    )

    @property
    def home(self) -> Path:
        """The folder of this realm."""
        return self.data / self.realm.value


class RoomSettings(FileSettings):
    """What one room adds. Subclass with `model_config = room_config("INTAKE")`."""

    private_port: int = Field(0, description="port of /metrics, /health and private JSON; 0 takes a free one")
    database_url: str | None = Field(
        None,
        description="URL of the store; by default a SQLite file in the data folder, which serves one process; several "
        "share postgresql+psycopg://user@host/database?schema=name (the schema is the room's own by default)",
    )

    def store_url(self, shared: SharedSettings, room: str) -> str:
        """The URL of this room's own store."""
        if self.database_url:
            return own_schema(self.database_url, shared, room)
        return sqlite_url(shared.home / f"{room.replace('/', '-')}.db")


def own_schema(url: str, shared: SharedSettings, room: str) -> str:
    """A URL that names no schema gets the room's own: two rooms or realms in one database never share a table."""
    return with_schema(url, schema_name(shared.realm.value, room))


def room_config(room: str) -> SettingsConfigDict:
    """The configuration of a room's settings: `room_config("DISPATCH_X")` reads `TOCSIN_DISPATCH_X_…`."""
    return SettingsConfigDict(env_prefix=f"{PREFIX}{room}_", extra="ignore", frozen=True)


S = TypeVar("S", bound=BaseSettings)


def names(kind: type[BaseSettings]) -> list[str]:
    """The environment variables that a settings class reads."""
    return [variable for name, field in kind.model_fields.items() for variable in variables(kind, name, field)]


def variables(kind: type[BaseSettings], name: str, field: FieldInfo) -> list[str]:
    """The environment variables of one field: an alias stands as it is, anything else behind the class's prefix."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [choice.upper() for choice in alias.choices if isinstance(choice, str)]
    if isinstance(alias, str):
        return [alias.upper()]
    return [f"{kind.model_config.get('env_prefix', '')}{name}".upper()]


def misspelt(kinds: list[type[BaseSettings]], prefix: str, environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable under `prefix` that none of `kinds` reads."""
    known = {name for kind in kinds for name in names(kind)}
    sentences = []
    for name in sorted(environment):
        if not name.startswith(prefix) or name in known or name.removesuffix(FILE) in known:
            continue
        near = difflib.get_close_matches(name, known, 1)
        sentences.append(f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else "; remove it"))
    return sentences


def load(kind: type[S]) -> S:
    """Read one settings class from the environment, or stop the process with a sentence for each mistake."""
    prefix = kind.model_config.get("env_prefix", "")
    wrong = misspelt([kind], prefix, os.environ) if prefix != PREFIX else []
    try:
        settings = kind()
    except (ValidationError, OSError) as error:
        stop([*_sentences(error, prefix), *wrong])
    if wrong:
        stop(wrong)
    return settings


def _sentences(error: ValidationError | OSError, prefix: str) -> list[str]:
    if isinstance(error, OSError):
        return [f"{error.filename}: {error.strerror}; a …_FILE setting must name a readable file"]
    return [_sentence(found["loc"], found["msg"], prefix) for found in error.errors()]


def _sentence(place: tuple[int | str, ...], says: str, prefix: str) -> str:
    """What is wrong with several settings together has no place: its own words name them."""
    name, says = f"{prefix}{'.'.join(map(str, place))}".upper(), says.removeprefix("Value error, ")
    return f"{name}: {says}" if place else says


def stop(sentences: list[str], status: int = 2) -> NoReturn:
    """Say what is wrong and end the process: with status 2 a supervisor must not try again blindly, with 3 it may."""
    for sentence in sentences:
        print(f"tocsin: {sentence}", file=sys.stderr)  # noqa: T201 - logging is not set up before settings are
    raise SystemExit(status)
