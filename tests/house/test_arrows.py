"""The arrows of the house: who may import whom. The imports are walked, so a wrong one cannot hide in a function."""

import sys

import pytest

from tests.support.code import Module, imports, modules

#: From the ground up: each may import those before it.
FLOORBOARDS = ("runtime", "cap", "limits", "identifiers", "place", "phonebook")
CHANNELS = ("x", "sms")
FASTSTREAM_FILES = ("app", "handlers")
VENDORS = ("tweepy", "twilio")


def place(name: str) -> str:
    """The part of the house that a module belongs to: `schemas`, `runtime`, `dispatch.x`, `intake`, `cli` ..."""
    parts = name.split(".")
    if parts[0] != "services":
        return parts[0]
    if len(parts) > 2 and parts[1] == "dispatch" and parts[2] in CHANNELS:
        return f"dispatch.{parts[2]}"
    return parts[1] if len(parts) > 1 else "services"


def may(importer: str, imported: str) -> bool:
    """Whether an arrow leads from one module of ours to another."""
    here, there = place(importer), place(imported)
    if here in {there, "cli"}:
        return True
    if here == "schemas" or there == "cli":
        return False
    if there == "schemas":
        return True
    if here in FLOORBOARDS:
        return there in FLOORBOARDS[: FLOORBOARDS.index(here)]
    return there in FLOORBOARDS or (here.startswith("dispatch.") and there == "dispatch")


def may_use(importer: str, package: str) -> bool:
    """Whether a module of ours may import this package of somebody else's."""
    if package in sys.stdlib_module_names:
        return True
    file = importer.rpartition(".")[2]
    if place(importer) == "schemas":
        return package == "pydantic"
    if package == "faststream":
        return place(importer) == "runtime" or (place(importer) != "cli" and file in FASTSTREAM_FILES)
    if package in VENDORS:
        return importer == "services.receipts.signature" or (
            importer.startswith("services.dispatch.") and file == "client"
        )
    return True


def wrong(module: Module) -> list[str]:
    found = []
    for name in imports(module):
        package = name.partition(".")[0]
        ours = package in {"schemas", "services", "tests"}
        if not (may(module.name, name) if ours else may_use(module.name, package)):
            found.append(f"{module.name} imports {name}")
    return found


def test_every_import_follows_an_arrow() -> None:
    assert [sentence for module in modules() for sentence in wrong(module)] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("schemas.alert", "services.runtime.clock"),
        ("services.runtime.room", "services.cap.read"),
        ("services.runtime.room", "services.intake.app"),
        ("services.phonebook.book", "services.audience.app"),
        ("services.place.jurisdiction", "services.compose.guidance"),
        ("services.compose.app", "services.intake.content"),
        ("services.dispatch.pump", "services.dispatch.sms.client"),
        ("services.dispatch.x.client", "services.dispatch.sms.client"),
        ("services.dispatch.sms.app", "services.receipts.app"),
        ("services.record.app", "services.cli.main"),
        ("schemas.alert", "tests.support.code"),
    ],
)
def test_these_are_no_arrows(importer: str, imported: str) -> None:
    assert not may(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("services.phonebook.book", "services.runtime.store"),
        ("services.receipts.app", "services.place.contacts"),
        ("services.intake.app", "services.cap.read"),
        ("services.dispatch.sms.client", "services.dispatch.port"),
        ("services.cli.validate", "services.intake.content"),
        ("services.compose.app", "schemas.broadcast"),
    ],
)
def test_these_are_arrows(importer: str, imported: str) -> None:
    assert may(importer, imported)


@pytest.mark.parametrize(
    ("importer", "package", "allowed"),
    [
        ("schemas.alert", "pydantic", True),
        ("schemas.alert", "sqlalchemy", False),
        ("services.intake.judge", "faststream", False),
        ("services.intake.app", "faststream", True),
        ("services.runtime.broker", "faststream", True),
        ("services.cli.app", "faststream", False),
        ("services.dispatch.x.client", "tweepy", True),
        ("services.dispatch.x.channel", "tweepy", False),
        ("services.receipts.signature", "twilio", True),
        ("services.receipts.app", "twilio", False),
    ],
)
def test_who_may_use_whose_library(importer: str, package: str, *, allowed: bool) -> None:
    assert may_use(importer, package) is allowed


def test_the_walk_sees_imports_of_every_kind() -> None:
    """Otherwise the first test would pass over nothing."""
    by_name = {module.name: module for module in modules()}
    assert "services.runtime.broker" in by_name
    assert "faststream.kafka.KafkaBroker" in imports(by_name["services.runtime.broker"])
    assert "schemas.topics.Topic" in imports(by_name["services.runtime.room"])
    inner = imports(by_name["services.runtime.store"])  # one of its imports stands inside a function
    assert "sqlalchemy.dialects.sqlite.insert" in inner
