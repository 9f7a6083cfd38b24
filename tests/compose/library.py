"""How the languages of the repository are heard, and a pack to change."""

from datetime import date
from functools import cache
from typing import Any

import yaml

from services.compose.guidance import Pack
from services.compose.hearing import Hearing, read_hearing
from services.compose.linting import Problem, lint
from services.compose.packfiles import digest_of
from services.compose.settings import HOME

TODAY = date(2026, 11, 24)
GUIDANCE = HOME / "templates" / "guidance"


@cache
def hearings() -> dict[str, Hearing]:
    return read_hearing(HOME / "templates" / "words" / "hearing")


def content(pack: str) -> Any:
    """The parsed content of a pack, to be changed."""
    return yaml.safe_load((GUIDANCE / f"{pack}.yaml").read_text("utf-8"))


def pack_of(changed: dict[str, Any]) -> Pack:
    return Pack.model_validate({**changed, "digest": digest_of(changed)})


def problems(changed: dict[str, Any]) -> list[Problem]:
    return lint(pack_of(changed), hearings(), TODAY)
