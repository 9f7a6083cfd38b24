"""API keys: only their hashes are on file. Who has a key is the agency of that name, and sees its own alerts only."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

_SCHEME = "Bearer "


class KeysError(ValueError):
    """The file of keys cannot be used; the message says why."""


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid")

    agency: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    #: A key to try it out with: what it posts goes to the drill, and hears everything that a real alert would.
    test: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is: the id of a publisher. A test key publishes nothing that is meant for people."""

    agency: str
    test: bool = False


class Keys:
    """Callers by the hash of their key."""

    def __init__(self, agencies: Mapping[str, Caller]) -> None:
        """`agencies` by the SHA-256 of their key in hex."""
        self._agencies = dict(agencies)

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """The keys in a YAML file, or KeysError."""
        try:
            found = TypeAdapter(list[_Key]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise KeysError(
                f"the API keys in {path} cannot be read ({error.strerror}): set TOCSIN_AGENCY_KEYS"
            ) from None
        except (yaml.YAMLError, ValidationError):
            says = f"the API keys in {path} are no list of agency, sha256 (64 hex digits) and perhaps test"
            raise KeysError(says) from None
        return cls({one.sha256: Caller(one.agency, one.test) for one in found})

    def caller(self, authorization: str | None) -> Caller | None:
        """Whose key an Authorization header brings; every key is compared, in the same time."""
        if authorization is None or not authorization.startswith(_SCHEME):
            return None
        digest = hashlib.sha256(authorization.removeprefix(_SCHEME).strip().encode()).hexdigest()
        matches = [caller for known, caller in self._agencies.items() if hmac.compare_digest(known, digest)]
        return matches[0] if matches else None
