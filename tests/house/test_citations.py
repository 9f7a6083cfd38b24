"""Whoever reads a comment can read what it cites: a document of this repository, or one with an address."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.code import REPOSITORY

TOPS = ("services", "schemas", "templates", "deploy", "tests")
AT_THE_TOP = ("README.md", "Makefile", "pyproject.toml", "docker-compose.yml")
TEXT = {".py", ".md", ".yaml", ".yml", ".j2", ".sh", ".toml", ".json", ".txt", ""}
#: Bills of material and other people's schemas, which name files of other people's.
FOREIGN = ("deploy/image/sbom.cdx.json", "tests/cli/asyncapi", "tests/deploy/kubernetes")
ADDRESS = re.compile(r"https?://\S+")
#: Numbers and names of documents that are not here. A number is no citation: whoever reads has nothing to count in.
NOT_HERE = re.compile(
    r"\bDESIGN\b|\breference/[\w-]+\.md|\b[Pp]romise \d|\b[Mm]ove \d+ of the protocol|\bsection \d+ of the protocol"
    r"|\bthe (?:protocol|reference)'s\s+sections?\b|\b[Tt]rap \d"
)
DOCUMENT = re.compile(r"[\w-]+\.md\b")
#: A path of ours; one with a placeholder or a pattern in it is no one file's.
OURS = re.compile(r"(?<![\w/.:$}{*-])(?:services|schemas|templates|deploy|tests)/[\w./-]*\w(?![\w/*<{])")


@cache
def texts() -> dict[str, str]:
    """Every text of the repository by its path, without addresses; this file speaks of what it looks for."""
    files = [path for top in TOPS for path in (REPOSITORY / top).rglob("*") if path.is_file()]
    files += [REPOSITORY / name for name in AT_THE_TOP]
    found = {path.relative_to(REPOSITORY).as_posix(): path for path in files if path.suffix in TEXT}
    return {
        name: ADDRESS.sub("", path.read_text(encoding="utf-8", errors="replace"))
        for name, path in sorted(found.items())
        if "__pycache__" not in path.parts and path != Path(__file__) and not name.startswith(FOREIGN)
    }


def elsewhere(text: str, documents: frozenset[str]) -> Iterator[str]:
    """What a text cites that is in no folder of ours."""
    yield from (found.group() for found in NOT_HERE.finditer(text))
    yield from (name for name in DOCUMENT.findall(text) if name not in documents)


def test_no_text_cites_a_document_that_is_not_here() -> None:
    documents = frozenset({"README.md"} | {path.name for top in TOPS for path in (REPOSITORY / top).rglob("*.md")})
    assert "runbook.md" in documents
    found = [(name, cited) for name, text in texts().items() for cited in elsewhere(text, documents)]
    assert [f"{name}: {cited}" for name, cited in found] == []


def test_every_path_that_the_code_names_is_there() -> None:
    """In code alone: tests speak of files that they make, and READMEs of files that a reader will make."""
    code = [name for name in texts() if name.startswith(("services/", "schemas/")) and name.endswith(".py")]
    named = [(name, path) for name in code for path in OURS.findall(texts()[name])]
    assert len(named) > 20
    assert [f"{name}: {path}" for name, path in named if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize(
    "text",
    ["as DESIGN §7 says", "reference/console.md §4", "(promise 6)", "Move 18 of the protocol.", "see standards.md",
     "class (the reference's\nsection 2.2)"],
)  # fmt: skip
def test_what_cites_another_document_is_seen(text: str) -> None:
    assert list(elsewhere(text, frozenset({"README.md"})))


@pytest.mark.parametrize("text", ["see README.md", "designed so", "the lapse of a promise", "https://x.example/a.md"])
def test_what_cites_none_is_left_alone(text: str) -> None:
    assert list(elsewhere(ADDRESS.sub("", text), frozenset({"README.md"}))) == []
