"""The house as it is built, once for all tests about it."""

from collections.abc import Iterator

import pytest

from services.cli.house.blueprint import Blueprint, blueprint


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blueprint]:
    """Every room, built and not started."""
    with blueprint(tmp_path_factory.mktemp("house")) as built:
        yield built
