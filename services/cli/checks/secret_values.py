"""Secrets: those that are nobody's secret, and those that others may read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.checks.modes import open_to_others
from services.cli.known_settings import settings_classes
from services.runtime.file_settings import FILE
from services.runtime.settings import variables

#: Values that stand in examples, in compose files and in the heads of people who have little time.
PLACEHOLDERS = ("changeme", "change-me", "secret", "password", "example", "your-", "todo", "xxxx", "test", "token")
SHORT = 12


def look() -> Iterator[Found]:
    """Every secret setting that is set, by its variable; no value is ever said."""
    found = [finding for name in secrets() for finding in _one(name)]
    yield from found
    if not found:
        yield good("secrets", "those that are set are no placeholders, and no file of theirs is open to others")
    if (pair := _unlike("TOCSIN_SMS_AUTH_TOKEN", "TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN")) is not None:
        yield pair


def secrets() -> list[str]:
    """The variables that hold a secret, of every room; a store's URL may hold a password."""
    return [
        name
        for kinds in settings_classes().values()
        for kind in kinds
        for name in _of(kind)
    ]  # fmt: skip


def _of(kind: type[BaseSettings]) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        if _is_secret(field) or name == "database_url":
            yield from variables(kind, name, field)


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def _one(name: str) -> Iterator[Found]:
    path = os.environ.get(name + FILE)
    if path:
        yield from _file(name, Path(path))
    value = value_of(name)
    if value is not None and not name.endswith("_URL") and _is_placeholder(value):
        yield bad("secrets", f"{name} holds a placeholder, or fewer than {SHORT} characters", "set the real one")
    if os.environ.get(name) and path:
        yield mind("secrets", f"{name} and {name}{FILE} are both set, and the first counts", f"unset {name}")


def _file(name: str, path: Path) -> Iterator[Found]:
    try:
        mode = open_to_others(path)
        if not path.read_text().strip():
            yield bad("secrets", f"{path}, which {name}{FILE} names, is empty", "write the secret into it")
    except (OSError, UnicodeDecodeError) as error:
        says = getattr(error, "strerror", None) or "it is no text"
        yield bad("secrets", f"{path}, which {name}{FILE} names: {says}", "name a file that this user can read")
        return
    if mode is not None:
        yield bad("secrets", f"others may read {path} (mode {mode:o})", f"chmod 600 {path}")


def value_of(name: str) -> str | None:
    """What a secret variable holds, from the environment or its file; None where nothing can be read."""
    value = os.environ.get(name)
    path = os.environ.get(name + FILE)
    if value is None and path:
        try:
            value = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError):
            return None
    return value or None


def _is_placeholder(value: str) -> bool:
    low = value.lower()
    return len(value) < SHORT or any(low.startswith(word) for word in PLACEHOLDERS) or len(set(value)) == 1


def _unlike(one: str, other: str) -> Found | None:
    first, second = value_of(one), value_of(other)
    if first is None or second is None or first == second:
        return None
    return mind("secrets", f"{one} and {other} differ: if both are of one account, every webhook is refused",
                "set both to the account's auth token")  # fmt: skip
