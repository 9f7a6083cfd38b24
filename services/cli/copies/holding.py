"""A house that has stopped, and cannot start while this is held."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from services.cli.copies import postgres_schemas
from services.cli.copies.stores import Place
from services.runtime.lock import StoreInUseError, hold


class RunningError(Exception):
    """A room works on one of the stores; the sentence names it."""


@contextmanager
def stopped(found: Sequence[Place]) -> Iterator[None]:
    """Hold every store, so that no room starts meanwhile.

    RunningError when one runs; StoreError, DBAPIError or OSError when a store cannot be asked.
    """
    with ExitStack() as held:
        for place in found:
            if place.file is not None:
                held.callback(os.close, _hold(place, place.file))
            elif not held.enter_context(postgres_schemas.alone(place)):
                raise RunningError(f"a process of Tocsin is connected to the store of {place.room}")
        yield


def _hold(place: Place, file: Path) -> int:
    try:
        return hold(file)
    except StoreInUseError:
        raise RunningError(f"{place.room} runs on {file}") from None
