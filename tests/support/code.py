"""Python source as a tree: every module of the project, and what it imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One file: its dotted name, its path, its tree."""

    name: str
    path: Path
    tree: ast.Module


@cache
def modules() -> tuple[Module, ...]:
    """All of `schemas` and `services`."""
    files = sorted(path for top in ("schemas", "services") for path in (REPOSITORY / top).rglob("*.py"))
    return tuple(Module(_name(path), path, ast.parse(path.read_text(encoding="utf-8"))) for path in files)


def _name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module: Module) -> Iterator[str]:
    """The dotted names that a module imports, wherever in the file; a name taken out of a package counts as one."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    depth = node.level - 1 if module.path.name == "__init__.py" else node.level
    parts = module.name.split(".")[:-depth] if depth else module.name.split(".")
    return ".".join([*parts, *([node.module] if node.module else [])])
