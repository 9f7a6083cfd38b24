"""Reading reviewed data (YAML) into models, with errors that name the file, the place in it and what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T")
#: libyaml where PyYAML was built with it: ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\n\r]+$")]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]

#: The two mistakes that people make most, in words of the file and not of its parser.
_PLAIN = {"missing": "is missing: write it", "extra_forbidden": "is a word that nothing reads: correct or delete it"}


class Data(BaseModel):
    """A piece of reviewed data. A word that no field has is a mistake: nobody would ever see it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataError(Exception):
    """A file of templates/ or deploy/ that cannot be used; the message says which, where and why."""


def read_yaml(path: Path, setting: str | None = None) -> Any:  # noqa: ANN401 - YAML holds anything; see read_as
    """The parsed file, or DataError. `setting` is what names the file, where one variable or option does."""
    try:
        return yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 - both are safe loaders
    except FileNotFoundError:
        raise DataError(f"{path} is not there; check {setting or 'the setting that names it'}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check {setting or 'its owner'}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 ({error.reason}); save it as that") from error
    except yaml.YAMLError as error:
        raise DataError(f"{path} is no YAML: {error}") from error


def read_as(
    kind: TypeAdapter[T],
    path: Path,
    complete: Callable[[Any], Any] = lambda found: found,
    *,
    setting: str | None = None,
) -> T:
    """The file as `kind` after `complete` has added what is computed, or DataError with a clause for each mistake."""
    try:
        return kind.validate_python(complete(read_yaml(path, setting)))
    except ValidationError as error:
        wrong = "; ".join(map(_mistake, error.errors()))
        raise DataError(f"{path}: {wrong}{f' (the file of {setting})' if setting else ''}") from None


def _mistake(error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"])) or "the file"
    says = _PLAIN.get(error["type"])
    return f"{where} {says}" if says else f"{where}: {error['msg'].removeprefix('Value error, ')}"


def zone_name(name: str) -> str:
    """The name of a time zone that there is, or ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"no time zone is called {name}; use a name such as America/New_York") from None
    return name
