"""docker-compose.yml as the tests read it, and what its containers are told: `environment`, and the examples' lines."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.support.code import REPOSITORY

FILE = REPOSITORY / "docker-compose.yml"
FOLDER = REPOSITORY / "deploy" / "compose"
SANDBOX = FOLDER / "sandbox.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OVERRIDE: dict[str, Any] = yaml.safe_load(SANDBOX.read_text())
#: The services that run our own image, and the command line among them.
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "tocsin")
TOOL = "tocsin"
#: `${NAME:-value}`, where nothing is set.
_DEFAULT = re.compile(r"\$\{\w+:-(\w*)\}")


def by_room() -> dict[str, dict[str, Any]]:
    """The services that run a room, by the room's name in `python -m services.<name>`."""
    found = {}
    for service in SERVICES.values():
        command = service.get("command", [])
        if command[:2] == ["python", "-m"]:
            found[command[2].removeprefix("services.")] = service
    return found


def env_files(service: dict[str, Any]) -> list[str]:
    """The paths of its env_files, as the file writes them."""
    return [each["path"] for each in service.get("env_file", [])]


def example(path: str) -> Path:
    """The example beside an env_file that git ignores."""
    return REPOSITORY / f"{path}.example"


def lines(file: Path) -> dict[str, str]:
    """What an env_file says; ours are plain, NAME=VALUE and no quotes."""
    said = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in said)}


def told(name: str) -> dict[str, str | None]:
    """The environment of a container whose env_files are the examples.

    As compose-go merges it (types.Project.WithServicesEnvironmentResolved, MappingWithEquals.OverrideBy): what stands
    under `environment` wins, also where it has no value, and then the variable is not set at all.
    """
    service = SERVICES[name]
    found: dict[str, str | None] = {}
    for path in env_files(service):
        found |= lines(example(path))
    return found | {
        key: None if value is None else _DEFAULT.sub(r"\1", str(value)) for key, value in service["environment"].items()
    }
