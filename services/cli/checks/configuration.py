"""Settings: misspelt ones across all rooms, and those that a room would refuse."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.known_settings import settings_classes, wrong_names
from services.runtime.settings import variables

#: What a room needs that no default can give; without `up --sandbox` somebody must.
_SANDBOX = "set it, or use `tocsin up --sandbox`, which points everything at stand-ins"


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
        kind()
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            name = _variable(kind, str(each["loc"][0])) if each["loc"] else room
            if each["type"] == "missing":
                yield mind(room, f"{name} is not set: this room stops at start", _SANDBOX)
            else:
                yield bad(room, f"{name}: {each['msg']}", "correct it: this room stops at start")
    except OSError as error:
        yield bad(room, f"{error.filename}: {error.strerror}", "a ..._FILE setting must name a readable file")


def _variable(kind: type[BaseSettings], field: str) -> str:
    found = kind.model_fields.get(field)
    return variables(kind, field, found)[0] if found else field
