"""The register of publishers: whose messages these are, which people are behind them, and what they may say where.

A sender id is what the message says of itself. It proves nothing, but who it claims to be decides whose authors it
has; a sender that nobody has registered is held. Only a pinned key proves who sent a message.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.words import Severity
from services.intake.geometry import read_ring
from services.intake.rules import RULES

UNKNOWN = "unknown"


class Publisher(BaseModel):
    """One agency. `persons` are the authors of all that it sends: they approve none of it (DESIGN §7)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
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

    @field_validator("polygon")
    @classmethod
    def _polygon(cls, text: str | None) -> str | None:
        ring = None if text is None else read_ring(text)
        if text is not None and (ring is None or ring.faults):
            raise ValueError("a polygon is `lat,lon lat,lon …`, at least four points, the first again at the end")
        return text

    @field_validator("relaxed")
    @classmethod
    def _relaxed(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(rules) - set(RULES)):
            raise ValueError(f"no rule is called {', '.join(unknown)}")
        return rules


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    publishers: tuple[Publisher, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """Publishers by the sender ids that they use."""

    by_sender: Mapping[str, Publisher]

    def of(self, sender: str) -> Publisher | None:
        """Who uses this sender id."""
        return self.by_sender.get(sender)


class RegisterError(ValueError):
    """The register cannot be used; the message says why and what to do."""


def read_register(path: Path) -> Register:
    """The register in a YAML file, or RegisterError."""
    try:
        document = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        message = (
            f"the publisher register {path} cannot be read ({error.strerror}); name one with TOCSIN_INTAKE_PUBLISHERS"
        )
        raise RegisterError(message) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RegisterError(f"the publisher register {path} is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise RegisterError(f"the publisher register {path} is wrong at {where}: {first['msg']}") from error
    return register_of(document.publishers)


def register_of(publishers: tuple[Publisher, ...]) -> Register:
    """A register of these, or RegisterError where two claim one sender id or have one id."""
    by_sender: dict[str, Publisher] = {}
    for publisher in publishers:
        for sender in publisher.senders:
            if sender in by_sender:
                message = (
                    f"the publisher register gives the sender {sender} to {by_sender[sender].id} and {publisher.id}"
                )
                raise RegisterError(message)
            by_sender[sender] = publisher
    if len({publisher.id for publisher in publishers}) < len(publishers):
        raise RegisterError("the publisher register has one id twice")
    return Register(by_sender)
