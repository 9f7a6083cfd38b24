"""Alerts from a file or standard input, and which of the two forms they have."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.errors import Code, fail

FILE = typer.Argument(help="CAP 1.2 XML, or the JSON form; - reads standard input.")
FileArgument = Annotated[Path, FILE]


def read_file(path: Path) -> bytes:
    """The bytes; a sentence when there are none."""
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}", Code.WRONG)
    if not content.strip():
        fail(f"{path} is empty: give a CAP 1.2 XML file, or its JSON form", Code.WRONG)
    return content


def content_type(content: bytes) -> str:
    """What the first bytes say; intake looks at them as well. Source: https://www.iana.org/assignments/media-types."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return "application/json" if start in {b"{", b"["} else "application/cap+xml"
