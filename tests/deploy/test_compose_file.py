"""docker-compose.yml beside the Compose specification, and what each container may do there."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from services.runtime.settings import RoomSettings, SharedSettings
from tests.support.code import REPOSITORY

FILE = REPOSITORY / "docker-compose.yml"
SANDBOX = REPOSITORY / "deploy" / "compose" / "sandbox.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OVERRIDE: dict[str, Any] = yaml.safe_load(SANDBOX.read_text())


def understood(document: dict[str, Any]) -> PyCompose:
    """Read by a parser of the specification, YAML's anchors already followed; ValueError where it says otherwise."""
    return PyCompose.from_yaml(yaml.safe_dump(document))


@pytest.mark.parametrize("file", [FILE, SANDBOX], ids=lambda file: file.name)
def test_it_is_what_the_specification_says(file: Path) -> None:
    document = yaml.safe_load(file.read_text())
    assert sorted(understood(document).service_names()) == sorted(document["services"])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"helthcheck": {}}, "helthcheck"),
        ({"depends_on": {"kafka": {"condition": "service_haelthy"}}}, "service_haelthy"),
        ({"read_only": "certainly"}, "read_only"),
    ],
)
def test_what_the_specification_does_not_say_is_seen(wrong: dict[str, Any], named: str) -> None:
    document = {**COMPOSE, "services": {**SERVICES, "intake": {**SERVICES["intake"], **wrong}}}
    with pytest.raises(ValueError, match=named):
        understood(document)


def test_composes_own_reader_takes_it(tmp_path: Path) -> None:
    """Where the plugin is; it asks no engine."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no `docker compose` on this machine")
    command = [docker, "compose", "-f", str(FILE), "-f", str(SANDBOX), "--profile", "*", "config", "--quiet"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_may_do_nothing_that_it_need_not(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "ipc"} & service.keys()
    if name != "kafka":  # its start script writes settings beside itself
        assert service["read_only"]
        assert "/tmp" in service["tmpfs"]  # noqa: S108 - a mount in a container


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_is_asked_whether_it_is_well(name: str) -> None:
    """Rooms by the image's own check, at the private port that each of them is given."""
    service = SERVICES[name]
    if service["image"] != "tocsin":
        assert service["healthcheck"]["test"]
    elif name == "tocsin":
        assert service["healthcheck"] == {"disable": True}
    else:
        assert "healthcheck" not in service
        assert [value for key, value in service["environment"].items() if key.endswith("_PRIVATE_PORT")] == [9100]


def test_who_gets_out() -> None:
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {
        "dispatch-x", "dispatch-sms", "receipts", "agency", "sandbox", "kafka", "prometheus", "alertmanager", "grafana",
    }  # fmt: skip
    assert {name for name, service in SERVICES.items() if "ports" in service} <= outside
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_what_is_named_is_there() -> None:
    both = [*SERVICES.values(), *OVERRIDE["services"].values()]
    secrets = {secret for service in both for secret in service.get("secrets", [])}
    assert secrets == set(COMPOSE["secrets"]) == set(OVERRIDE["secrets"])
    volumes = {each.split(":")[0] for service in both for each in service.get("volumes", [])}
    assert {each for each in volumes if not each.startswith("./")} == set(COMPOSE["volumes"])
    assert {each for service in both for each in service.get("networks", [])} == set(COMPOSE["networks"])


def test_no_secret_stands_in_the_file() -> None:
    words = ("TOKEN", "PASSWORD", "SECRET", "KEY", "DATABASE_URL", "PHONEBOOK_URL")
    told = [service.get("environment", {}) for service in SERVICES.values()]
    given = {name: value for environment in told for name, value in environment.items() if value}
    held = {name: value for name, value in given.items() if any(word in name for word in words)}
    assert "POSTGRES_PASSWORD_FILE" in held
    assert [name for name in held if not name.endswith("_FILE")] == []


def test_every_room_keeps_its_state_in_postgres() -> None:
    """The URL that secrets.sh writes gives each room a schema of its own."""
    url = (REPOSITORY / "deploy/compose/sandbox/database-url").read_text()
    settings = RoomSettings(database_url=url)
    assert settings.store_url(SharedSettings(), "dispatch/sms").endswith("?schema=tocsin_live_dispatch_sms")
    ours = {name for name, service in SERVICES.items() if service["image"] == "tocsin"}
    for name in ours - {"tocsin", "sandbox"}:
        told = [key for key in SERVICES[name]["environment"] if key.endswith("_DATABASE_URL_FILE")]
        assert len(told) == 1, name
        assert "postgres" in SERVICES[name]["depends_on"]


def made(folder: Path) -> dict[str, str]:
    """What secrets.sh leaves."""
    return {path.name: path.read_text() for path in (folder / "secrets").iterdir()}


def test_secrets_are_made_once(tmp_path: Path) -> None:
    script = tmp_path / "secrets.sh"
    shutil.copy(REPOSITORY / "deploy/compose/secrets.sh", script)
    subprocess.run([script], check=True)
    first = made(tmp_path)
    assert {f"deploy/compose/secrets/{name}" for name in first} == {
        each["file"] for each in COMPOSE["secrets"].values()
    }
    assert f":{first['postgres-password']}@postgres:5432/" in first["database-url"]
    assert len(first["postgres-password"]) == 64
    subprocess.run([script], check=True)
    assert made(tmp_path) == first
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
