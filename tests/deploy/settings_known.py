"""Every setting that the code reads, for whoever holds a deployment against it."""

import importlib
import pkgutil

from pydantic_settings import BaseSettings

import services
from services.cli.known_settings import settings_classes
from services.runtime.file_settings import FILE
from services.runtime.settings import names, variables


def settings_of_all_rooms() -> set[str]:
    """Every environment variable that some settings class reads."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith(".settings"):
            importlib.import_module(module.name)
    kinds = [BaseSettings]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return {name for kind in kinds if kind.__module__.startswith("services.") for name in names(kind)}


def unknown(given: set[str]) -> set[str]:
    """Those of these variables that nothing reads."""
    known = settings_of_all_rooms()
    return {name for name in given if name not in known and name.removesuffix(FILE) not in known}


def of_a_place() -> set[str]:
    """The variables that name files of the department's own: without one a room would speak for the demo's place."""
    return {name for name in settings_of_all_rooms() if name.endswith(("_JURISDICTION", "_PUBLISHERS", "_TEMPLATES"))}


def required(room: str) -> set[str]:
    """The variables without which a room (`dispatch/sms`) stops at start."""
    return {
        variable
        for kind in (*settings_classes()["every room"], *settings_classes()[room])
        for name, field in kind.model_fields.items()
        if field.is_required()
        for variable in variables(kind, name, field)
    }


def missing(room: str, given: set[str]) -> set[str]:
    """The required ones that are given neither themselves nor as a file."""
    return {name for name in required(room) if not {name, name + FILE} & given}
