"""docker-compose.yml beside the Compose specification, and what each container may do there."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from services.cli.context import Context
from services.cli.copies.stores import places
from services.cli.environ import environ
from services.cli.house.rooms import ROOMS
from services.runtime.settings import RoomSettings, SharedSettings
from tests.deploy.composed import COMPOSE, FILE, OURS, OVERRIDE, SANDBOX, SERVICES, TOOL
from tests.support.code import REPOSITORY


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
    elif name == TOOL:
        assert service["healthcheck"] == {"disable": True}
    else:
        assert "healthcheck" not in service
        assert [value for key, value in service["environment"].items() if key.endswith("_PRIVATE_PORT")] == [9100]


def on(network: str) -> set[str]:
    return {name for name, service in SERVICES.items() if network in service["networks"]}


def test_who_gets_out() -> None:
    """To the platforms, the feeds and the mail; whoever only has a port of his own does not."""
    assert on("outside") == {"dispatch-x", "dispatch-sms", "agency", "alertmanager", TOOL}
    assert on("published") == {"receipts", "sandbox", "kafka", "prometheus", "grafana"}
    with_ports = {name for name, service in SERVICES.items() if "ports" in service}
    assert with_ports == on("published") | {"agency", "alertmanager"}
    assert on("inside") == set(SERVICES)


def test_what_a_network_lets_out() -> None:
    """Docker's own words for it: moby, libnetwork/drivers/bridge/setup_ip_tables_linux.go."""
    assert COMPOSE["networks"] == {
        "inside": {"internal": True},
        "published": {"driver_opts": {"com.docker.network.bridge.enable_ip_masquerade": "false"}},
        "outside": None,
    }


def test_what_is_named_is_there() -> None:
    both = [*SERVICES.values(), *OVERRIDE["services"].values()]
    secrets = {secret for service in both for secret in service.get("secrets", [])}
    assert secrets == set(COMPOSE["secrets"]) == set(OVERRIDE["secrets"])
    volumes = {each.split(":")[0] for service in both for each in service.get("volumes", [])}
    assert {each for each in volumes if not each.startswith("./")} == {*COMPOSE["volumes"], *OVERRIDE["volumes"]}
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
    for name in set(OURS) - {TOOL, "sandbox"}:
        assert len(stores_of(name)) == 1, name
        assert "postgres" in SERVICES[name]["depends_on"]


def stores_of(name: str) -> set[str]:
    """The variables by which a container is told of stores."""
    environment = SERVICES[name]["environment"]
    found = {key for key in environment if key.endswith(("_DATABASE_URL_FILE", "_PHONEBOOK_URL_FILE"))}
    assert {environment[key] for key in found} <= {"/run/secrets/database-url"}
    return found - {"TOCSIN_PHONEBOOK_URL_FILE"}


def test_the_command_line_knows_every_store() -> None:
    """Asked as `tocsin backup` asks: one that it is not told of would be copied from nowhere, and nobody would hear."""
    url = (REPOSITORY / "deploy/compose/sandbox/database-url").read_text()
    told_of = [key.removesuffix("_FILE") for key in SERVICES[TOOL]["environment"] if key.endswith("_URL_FILE")]
    with environ(dict.fromkeys(told_of, url)):
        in_a_file = {place.room: place.file for place in places(Context(Path("/nowhere"))) if place.file is not None}
    assert in_a_file == {}
    assert len(told_of) == len(ROOMS) + 1
    assert stores_of(TOOL) == {store for name in set(OURS) - {"sandbox"} for store in stores_of(name)}


def test_the_command_line_waits_for_nobody_and_has_folders_of_this_machine() -> None:
    """`brake` must go on and `doctor` speak while Kafka is away."""
    tool = SERVICES[TOOL]
    assert tool["depends_on"] == {}
    assert {"./work:/work", "./backups:/backups"} <= set(tool["volumes"])
    assert tool["working_dir"] == "/work"


def made(folder: Path) -> dict[str, str]:
    """What secrets.sh leaves."""
    return {path.name: path.read_text() for path in (folder / "deploy/compose/secrets").iterdir()}


def test_secrets_are_made_once(tmp_path: Path) -> None:
    script = tmp_path / "deploy/compose/secrets.sh"
    script.parent.mkdir(parents=True)
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
    assert (script.parent / "secrets").stat().st_mode & 0o077 == 0


def test_what_containers_read_of_the_checkout_is_opened_to_them(tmp_path: Path) -> None:
    """A umask of 077 leaves it to its owner; the secrets among it stay as they are."""
    mounts = [each.split(":") for service in SERVICES.values() for each in service.get("volumes", [])]
    read = sorted({Path(source) for source, *_, last in mounts if source.startswith("./") and last == "ro"})
    assert Path("deploy/prometheus") in read
    for folder in read:
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("secrets"))
    secret = tmp_path / "deploy/alertmanager/secrets/smtp-password"
    secret.parent.mkdir()
    secret.write_text("nobody's")
    subprocess.run(["chmod", "-R", "go-rwx", tmp_path / "deploy"], check=True)
    script = tmp_path / "deploy/compose/secrets.sh"
    script.parent.mkdir(exist_ok=True)
    shutil.copy(REPOSITORY / "deploy/compose/secrets.sh", script)
    subprocess.run([script], check=True)
    opened = [each for folder in read for each in [tmp_path / folder, *(tmp_path / folder).rglob("*")]]
    closed = [
        each for each in opened if not each.stat().st_mode & 0o004 or (each.is_dir() and not each.stat().st_mode & 1)
    ]
    assert closed == [secret.parent, secret]


def test_the_folders_that_containers_write_to_are_made_so_that_they_can(tmp_path: Path) -> None:
    """Docker would make them root's, and the image's user could write nothing; a sandbox has volumes instead."""
    script = tmp_path / "deploy/compose/secrets.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "deploy/compose/secrets.sh", script)
    subprocess.run([script], check=True)
    mounts = [each.split(":") for name in OURS for each in SERVICES[name]["volumes"] if each.startswith("./")]
    folders = {source: target for source, target, *read_only in mounts if not read_only}
    assert {f"./{path.name}" for path in tmp_path.iterdir()} - {"./deploy"} == set(folders)
    assert [path for path in folders if (tmp_path / path).stat().st_mode & 0o1777 != 0o1777] == []
    ignored = (REPOSITORY / ".gitignore").read_text().splitlines()
    assert [path for path in folders if f"{path.removeprefix('.')}/" not in ignored] == []
    instead = [each for service in OVERRIDE["services"].values() for each in service.get("volumes", [])]
    assert set(folders.values()) <= {each.partition(":")[2] for each in instead}
