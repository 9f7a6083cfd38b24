"""Settings: misspelt ones across all rooms, and those that a room would refuse."""

import os
from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.known_settings import settings_classes, wrong_names
from services.runtime.file_settings import FILE
from services.runtime.postgres import StoreError, read_url
from services.runtime.settings import variables

#: What a room needs that no default can give; without `up --sandbox` somebody must.
_SANDBOX = "set it, or use `tocsin up --sandbox`, which points everything at stand-ins"
_STOPS = "correct it: this room stops at start"
#: Fields that hold a store's address; read when the store is opened, and not before.
_STORES = ("database_url", "url")


def look() -> Iterator[Found]:
    """Everything in the environment that begins with TOCSIN_."""
    wrong = wrong_names()
    yield from (bad("settings", sentence, "unset it, or correct its name") for sentence in wrong)
    for room, kinds in settings_classes().items():
        for kind in kinds:
            yield from _room(room, kind)
    if not wrong:
        yield good("settings", "no variable is misspelt")


def _room(room: str, kind: type[BaseSettings]) -> Iterator[Found]:
    try:
        made = kind()
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            name = _variable(kind, str(each["loc"][0])) if each["loc"] else room
            if each["type"] == "missing":
                yield mind(room, f"{name} is not set here: with these settings this room stops at start", _SANDBOX)
            else:
                yield bad(room, f"{name}: {each['msg']}", _STOPS)
    except (OSError, UnicodeDecodeError) as error:
        yield bad(room, _unreadable(kind, error), "name a text file that this user can read: this room stops at start")
    else:
        yield from _stores(room, made)


def _unreadable(kind: type[BaseSettings], error: OSError | UnicodeDecodeError) -> str:
    """Which `..._FILE` names a file that cannot be read, and why."""
    path = getattr(error, "filename", None)
    why = getattr(error, "strerror", None) or "it is no text"
    names = [name + FILE for field in kind.model_fields for name in [_variable(kind, field)]]
    name = next(
        (each for each in names if path is not None and os.environ.get(each) == str(path)), "a ..._FILE setting"
    )
    return f"{path or 'a file'}, which {name} names: {why}"


def _stores(room: str, made: BaseSettings) -> Iterator[Found]:
    for field in _STORES:
        url = getattr(made, field, None)
        try:
            if url is not None:
                read_url(url)
        except StoreError as error:
            yield bad(room, f"{_variable(type(made), field)}: {error}", _STOPS)


def _variable(kind: type[BaseSettings], field: str) -> str:
    found = kind.model_fields.get(field)
    return variables(kind, field, found)[0] if found else field
