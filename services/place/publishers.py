"""The register of publishers: whose messages these are, which people are behind them, and what they may say where.

A sender id is what the message says of itself. It proves nothing, but who it claims to be decides whose authors it
has; a sender that nobody has registered is held. Only a pinned key proves who sent a message.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter, field_validator

from schemas.words import Severity
from services.place.reading import Data, DataError, read_as

#: Alert and Refusal name a publisher by this where the sender is nobody's.
UNKNOWN = "unknown"


class Publisher(Data):
    """One agency. `persons` are the authors of all that it sends: they approve none of it."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: str
    senders: tuple[str, ...] = Field(min_length=1)
    persons: tuple[str, ...] = ()
    #: Pinned keys: `sha256:` and 64 hex digits over the key's SubjectPublicKeyInfo. With any, it always signs.
    keys: tuple[str, ...] = ()
    #: Where it may publish: `SAME=099001`, `UGC=…`; a code of a list that is not named here is not asked about.
    geocodes: tuple[str, ...] = ()
    #: The same as one ring, `lat,lon lat,lon …`. None: anywhere.
    polygon: str | None = None
    #: What it may publish; empty: anything.
    events: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    #: Rules that hold others and are a note for it, where that was agreed.
    relaxed: tuple[str, ...] = ()
    #: Seconds in which it promises a message with status System; a missed one is an alarm.
    heartbeat_s: float | None = Field(None, gt=0)
    #: How it hears on its topic `answers.<id>`: our JSON, a CAP Ack or Error, or not at all (the door always answers).
    answers: Literal["json", "cap", "none"] = "json"

    @field_validator("keys")
    @classmethod
    def _keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"sha256:[0-9a-f]{64}", key) for key in keys):
            raise ValueError("a key is sha256: and 64 hexadecimal digits, as `tocsin validate` shows it")
        return keys

    @field_validator("geocodes")
    @classmethod
    def _geocodes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[^=\s]+=\S+", code) for code in codes):
            raise ValueError("a geocode is written LIST=CODE, for example SAME=006037")
        return codes


@dataclass(frozen=True, slots=True)
class Register:
    """Publishers by their ids, and by the sender ids that they use."""

    by_id: Mapping[str, Publisher]
    by_sender: Mapping[str, Publisher]

    def get(self, publisher: str) -> Publisher | None:
        """The entry of this id."""
        return self.by_id.get(publisher)

    def of(self, sender: str) -> Publisher | None:
        """Who uses this sender id."""
        return self.by_sender.get(sender)

    @property
    def on_topics(self) -> tuple[str, ...]:
        """Ids of those who have a topic of answers."""
        return tuple(one.id for one in self.by_id.values() if one.answers != "none")


def register_of(publishers: Iterable[Publisher]) -> Register:
    """A register of these, or DataError where two claim one sender id or have one id."""
    by_id: dict[str, Publisher] = {}
    by_sender: dict[str, Publisher] = {}
    for publisher in publishers:
        if publisher.id in by_id:
            raise DataError(f"the publisher register has the id {publisher.id} twice")
        by_id[publisher.id] = publisher
        for sender in publisher.senders:
            if sender in by_sender:
                claimed = f"{by_sender[sender].id} and {publisher.id}"
                raise DataError(f"the publisher register gives the sender {sender} to {claimed}")
            by_sender[sender] = publisher
    return Register(by_id, by_sender)


class _File(Data):
    publishers: tuple[Publisher, ...]


_FILE = TypeAdapter(_File)


def read_publishers(path: Path, setting: str) -> Register:
    """The register in a YAML file, or DataError, which names the variable or option that names the file."""
    publishers = read_as(_FILE, path, setting=setting).publishers
    try:
        return register_of(publishers)
    except DataError as error:
        raise DataError(f"{path}: {error} (the file of {setting})") from None
