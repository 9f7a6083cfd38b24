"""Who publishes, as far as answers go: `deploy/publishers.yaml`, of which intake reads the rest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

#: Alert and Refusal name a publisher by this where the sender is nobody's.
UNKNOWN = "unknown"


class RegisterError(ValueError):
    """The register cannot be used; the message says why."""


class Publisher(BaseModel):
    """One entry; what else stands in it is intake's affair."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    senders: tuple[str, ...] = ()
    #: How it wants to hear: records in JSON, a CAP Ack or Error, or nothing on its topic.
    answers: Literal["json", "cap", "none"] = "json"


class _File(BaseModel):
    publishers: tuple[Publisher, ...]


class Publishers:
    """Publishers by id, and whose each sender id is."""

    def __init__(self, publishers: Mapping[str, Publisher]) -> None:
        """`publishers` by their id."""
        self._publishers = dict(publishers)
        self._senders = {sender: one.id for one in publishers.values() for sender in one.senders}

    @classmethod
    def read(cls, path: Path) -> "Publishers":
        """Those of a YAML file, or RegisterError."""
        try:
            file = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise RegisterError(
                f"the publisher register {path} cannot be read ({error.strerror}): set TOCSIN_AGENCY_PUBLISHERS"
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError, ValidationError):
            raise RegisterError(f"the publisher register {path} is wrong; `tocsin doctor` says where") from None
        return cls({one.id: one for one in file.publishers})

    def get(self, publisher: str) -> Publisher | None:
        """The entry of this id."""
        return self._publishers.get(publisher)

    def whose(self, sender: str) -> str | None:
        """The id of the publisher who uses this sender id."""
        return self._senders.get(sender)

    @property
    def on_topics(self) -> tuple[str, ...]:
        """Ids of those who have a topic of answers."""
        return tuple(one.id for one in self._publishers.values() if one.answers != "none")
