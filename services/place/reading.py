"""Reading reviewed data (YAML) into models, with errors that name the file, the place in it and what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

T = TypeVar("T")
#: libyaml where PyYAML was built with it: ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\n\r]+$")]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]


class Data(BaseModel):
    """A piece of reviewed data. A word that no field has is a mistake: nobody would ever see it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataError(Exception):
    """A file of templates/ or deploy/ that cannot be used; the message says which, where and why."""


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - YAML holds anything; the caller validates it
    """The parsed file, or DataError."""
    try:
        return yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 - both are safe loaders
    except FileNotFoundError:
        raise DataError(f"{path} is not there; check the setting that names it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise DataError(f"{path} is no YAML: {error}") from error


def read_as(kind: TypeAdapter[T], path: Path, complete: Callable[[Any], Any] = lambda found: found) -> T:
    """The file as `kind` after `complete` has added what is computed, or DataError with a clause for each mistake."""
    try:
        return kind.validate_python(complete(read_yaml(path)))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors())
        raise DataError(f"{path}: {wrong}") from None


def zone_name(name: str) -> str:
    """The name of a time zone that there is, or ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"no time zone is called {name}; use a name such as America/New_York") from None
    return name
