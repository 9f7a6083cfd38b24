"""The register of publishers: whose messages these are, and which people are behind them.

A sender id is what the message says of itself. It proves nothing, but who it claims to be decides whose authors it
has; a sender that nobody has registered is held.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.intake.findings import Remark

UNKNOWN = "unknown"


class Publisher(BaseModel):
    """One agency. `persons` are the authors of all that it sends: they approve none of it (DESIGN §7)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    senders: tuple[str, ...] = Field(min_length=1)
    persons: tuple[str, ...] = ()


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


def unknown_sender(register: Register, sender: str) -> Iterator[Remark]:
    """The finding about a sender that nobody has registered."""
    if register.of(sender) is None:
        yield Remark("unknown-sender", "sender is not in the register of publishers", "sender")
