"""A realm's folder as a house leaves it that has stopped; copied for each test that changes it."""

import os
import shutil
from pathlib import Path

import pytest

from services.cli.context import Context
from services.cli.copies import stores
from services.cli.house.prepare import prepare
from services.runtime.store import Store


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A realm's folder with people, keys, a phonebook and every room's empty store; made once."""
    data = tmp_path_factory.mktemp("template") / "data"
    with pytest.MonkeyPatch.context() as patch:
        _no_settings(patch)
        context = Context(data)
        prepare(context, sandbox=True)
        for place in stores.places(context):
            Store(place.url, place.tables).close()
    return data


def _no_settings(patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        patch.delenv(name)


@pytest.fixture
def context(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A copy of the template."""
    _no_settings(monkeypatch)
    shutil.copytree(template, tmp_path / "data")
    return Context(tmp_path / "data")
