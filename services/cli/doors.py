"""Where the rooms' doors are: where TOCSIN_CLI_DOORS says, else as each process announced it in the data folder."""

from pathlib import Path

from pydantic import ValidationError

from services.cli.errors import Code, fail
from services.cli.settings import CliSettings
from services.runtime import doors


def every_door(home: Path, room: str) -> list[dict[str, str]]:
    """The doors of each replica of a room, `private` among them; none where they are not known."""
    found = named().get(room)
    if found:
        return [{"private": address} for address in found]
    return [each for each in doors.every_door(home, room).values() if each.get("private")]


def one_door(home: Path, room: str) -> dict[str, str]:
    """The doors of one replica, for what each of them answers alike; empty where none is known."""
    return next(iter(every_door(home, room)), {})


def named() -> dict[str, list[str]]:
    """The addresses that TOCSIN_CLI_DOORS gives, by room. Fails with a sentence where it cannot be read."""
    try:
        return CliSettings().doors_by_room
    except ValidationError as error:
        says = "; ".join(f"TOCSIN_CLI_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        fail(says.replace("Value error, ", ""), Code.WRONG)
