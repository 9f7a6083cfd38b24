"""A reader who knows one room knows all: the same file names, short doorways, modules of a size to read."""

import ast
import statistics
from pathlib import Path

import pytest

from tests.support.code import REPOSITORY, Module, modules
from tests.support.rooms import rooms

SERVICES = REPOSITORY / "services"
EVERY_ROOM = ("__init__.py", "__main__.py", "app.py", "settings.py", "handlers.py", "metrics.py")
#: Files that a channel shares with the pipeline above it, or that a room has once for each platform below it.
SHARED = {"handlers.py", "metrics.py"}
LONGEST, MEDIAN, HANDLER = 300, 100, 10


def folder(room: str) -> Path:
    return SERVICES.joinpath(*room.split("."))


def has(room: str, name: str) -> bool:
    here = folder(room)
    shared = here.parent != SERVICES and (here.parent / name).exists()
    return (here / name).exists() or (name in SHARED and (shared or any(here.glob(f"*/{name}"))))


@pytest.mark.parametrize("room", rooms())
def test_every_room_has_the_same_files(room: str) -> None:
    assert [name for name in EVERY_ROOM if not has(room, name)] == []


@pytest.mark.parametrize("room", rooms())
def test_a_room_says_first_what_it_consumes_produces_and_does(room: str) -> None:
    text = (ast.get_docstring(ast.parse((folder(room) / "__init__.py").read_text())) or "").lower()
    assert [word for word in ("consumes", "produces", "side effect") if word not in text] == []


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of its body without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


def long_handlers(module: Module) -> list[str]:
    return [
        f"{module.name}.{node.name}: {lines_of(node)} lines"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name != "__init__"
        and lines_of(node) > HANDLER
    ]


def test_handlers_are_doorways() -> None:
    doors = [module for module in modules() if module.path.name == "handlers.py"]
    assert doors, "no room has handlers.py"
    assert [sentence for module in doors for sentence in long_handlers(module)] == []


def test_a_long_handler_is_seen() -> None:
    tree = ast.parse("async def take(r):\n" + "    x = 1\n" * (HANDLER + 1))
    assert long_handlers(Module("services.made.up.handlers", Path("handlers.py"), tree)) == [
        "services.made.up.handlers.take: 11 lines"
    ]


def test_modules_are_of_a_size_to_read() -> None:
    sizes = {module.name: len(module.path.read_text().splitlines()) for module in modules()}
    assert [f"{name}: {size}" for name, size in sizes.items() if size > LONGEST] == []
    assert statistics.median(size for size in sizes.values() if size > 1) <= MEDIAN


def test_nothing_is_called_utils() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [module.name for module in modules() if module.path.name in vague] == []
