"""Every settings class there is, by the room that reads it."""

import importlib
import os

from pydantic_settings import BaseSettings

from services.cli.house.rooms import ROOMS, SANDBOX
from services.cli.settings import CliSettings
from services.phonebook.settings import PhonebookSettings
from services.runtime.file_settings import PREFIX
from services.runtime.settings import SharedSettings, misspelt


def settings_classes() -> dict[str, list[type[BaseSettings]]]:
    """The settings classes of each room, by the room's name; `every room` for those that all read."""
    found: dict[str, list[type[BaseSettings]]] = {"every room": [SharedSettings]}
    for spec in (*ROOMS, SANDBOX):
        module = importlib.import_module(f"{spec.module}.settings")
        found[spec.name] = [
            kind
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, BaseSettings) and kind.__module__ == module.__name__
        ]
    found["phonebook"] = [PhonebookSettings]
    found["cli"] = [CliSettings]
    return found


def wrong_names() -> list[str]:
    """A sentence for each variable of the environment that begins with TOCSIN_ and that nothing reads."""
    return misspelt([kind for kinds in settings_classes().values() for kind in kinds], PREFIX, os.environ)
