"""docker-compose.yml and Prometheus's targets name what the code has, and a room is told all that it needs."""

import yaml

from services.cli.environ import environ
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.x.settings import XSettings
from services.receipts.settings import ReceiptsSettings
from services.runtime.settings import SharedSettings
from tests.deploy.composed import (
    COMPOSE,
    FOLDER,
    OURS,
    OVERRIDE,
    SERVICES,
    TOOL,
    by_room,
    env_files,
    example,
    lines,
    told,
)
from tests.deploy.settings_known import missing, of_a_place, unknown
from tests.support.code import REPOSITORY
from tests.support.rooms import rooms

PRIVATE_PORT = 9100
EXAMPLES = sorted(FOLDER.glob("*.env.example"))
#: What an example leaves empty, for nobody else knows it; these are nobody's.
YOURS = {
    "TOCSIN_X_CONSUMER_KEY": "k" * 25, "TOCSIN_X_CONSUMER_SECRET": "s" * 50, "TOCSIN_X_ACCESS_TOKEN": "1-t",
    "TOCSIN_X_ACCESS_TOKEN_SECRET": "s" * 45, "TOCSIN_SMS_ACCOUNT_SID": "AC" + "0" * 32,
    "TOCSIN_SMS_AUTH_TOKEN": "t" * 32, "TOCSIN_SMS_MESSAGING_SERVICE_SID": "MG" + "0" * 32,
    "TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN": "t" * 32,
}  # fmt: skip


def test_every_room_has_its_service() -> None:
    assert sorted(by_room()) == rooms()


def test_every_variable_is_a_setting() -> None:
    both = [*SERVICES.values(), *OVERRIDE["services"].values()]
    given = {name for service in both for name in service.get("environment", {})}
    ours = {name for name in given if name.startswith("TOCSIN_")}
    assert "TOCSIN_KAFKA" in ours
    assert unknown(ours) == set()


def test_every_variable_of_an_example_is_a_setting() -> None:
    assert len(EXAMPLES) == 5
    assert {file.name: unknown(set(lines(file))) for file in EXAMPLES} == {file.name: set() for file in EXAMPLES}


def test_every_env_file_has_an_example_and_may_be_missing() -> None:
    for name in OURS:
        assert all(each["required"] is False for each in SERVICES[name].get("env_file", [])), name
        assert [path for path in env_files(SERVICES[name]) if not example(path).exists()] == []
    assert {example(path) for path in env_files(SERVICES[TOOL])} == set(EXAMPLES)


def test_nothing_takes_away_what_an_env_file_gives() -> None:
    """A name without a value under `environment` does: it unsets the env_file's."""
    said = [pair for service in SERVICES.values() for pair in service.get("environment", {}).items()]
    assert [name for name, value in said if value is None] == []
    for name in OURS:
        given = {key: value for path in env_files(SERVICES[name]) for key, value in lines(example(path)).items()}
        assert given.items() <= told(name).items(), name


def test_a_room_is_given_every_required_setting() -> None:
    named = {room: service["hostname"] for room, service in by_room().items() if room != "sandbox"}
    lacking = {room: missing(room.replace(".", "/"), set(told(name))) for room, name in named.items()}
    assert lacking == {room: set() for room in named}
    assert missing("dispatch/x", set()) == {"TOCSIN_X_BASE_URL"}


def test_the_examples_with_ones_own_values_are_real_accounts() -> None:
    for name in ("dispatch-x", "dispatch-sms", "receipts", TOOL):
        values = {key: value for key, value in told(name).items() if value is not None and "DATABASE" not in key}
        with environ({key: YOURS.get(key, value) for key, value in values.items()}):
            if name in {"dispatch-x", TOOL}:
                x = XSettings()
                assert (x.without_credentials(), x.wrong(SharedSettings(), frozenset({"x.com"}))) == (None, [])
            if name in {"dispatch-sms", TOOL}:
                sms = SmsSettings()
                assert (sms.without_sender(), sms.wrong(SharedSettings(), frozenset({"twilio.com"}))) == (None, [])
                callback = sms.callback_url
            if name in {"receipts", TOOL}:
                assert ReceiptsSettings().public_url == callback


def test_the_command_line_is_told_what_the_rooms_are_told() -> None:
    """Or `doctor` judges other settings than theirs, and `backup` copies the stores that it happens to know."""
    mine = told(TOOL)
    doors = ("_PRIVATE_PORT", "_PUBLIC_PORT", "_PUBLIC_BIND", "_PAGES")
    for room, service in by_room().items():
        if room != "sandbox":
            theirs = told(service["hostname"]).items()
            assert {key: value for key, value in theirs if not key.endswith(doors)}.items() <= mine.items(), room


def test_the_places_files_are_seen_by_every_room_and_by_the_command_line() -> None:
    for name in OURS:
        if name != "sandbox":
            assert "./deploy/place:/place:ro" in SERVICES[name]["volumes"], name
            assert "deploy/compose/place.env" in env_files(SERVICES[name]), name
    described = (REPOSITORY / "deploy/place/README.md").read_text()
    files = {value.removeprefix("/place/") for file in EXAMPLES for value in lines(file).values() if "/place/" in value}
    assert {"jurisdiction.yaml", "publishers.yaml", "templates"} <= files
    assert [file for file in files if f"`{file}" not in described] == []
    assert set(lines(FOLDER / "place.env.example")) == of_a_place()


def test_every_room_is_scraped_at_its_private_port() -> None:
    prometheus = yaml.safe_load((REPOSITORY / "deploy/prometheus/prometheus.yml").read_text())
    [job] = [each for each in prometheus["scrape_configs"] if each["job_name"] == "tocsin"]
    targets = [target for each in job.get("static_configs", []) for target in each["targets"]]
    targets += [f"{name}:{each['port']}" for each in job.get("dns_sd_configs", []) for name in each["names"]]
    rooms_names = [name for name, service in SERVICES.items() if service in by_room().values()]
    assert sorted(targets) == sorted(f"{name}:{PRIVATE_PORT}" for name in rooms_names)
    assert [name for name in rooms_names if SERVICES[name]["hostname"] != name] == []
    for service in by_room().values():
        ports = [value for name, value in service["environment"].items() if name.endswith("_PRIVATE_PORT")]
        assert ports == [PRIVATE_PORT]


def test_the_sandbox_changes_services_that_there_are() -> None:
    assert set(OVERRIDE["services"]) - {"prepare"} <= set(SERVICES)


def test_in_the_sandbox_the_command_line_asks_the_accounts_that_the_rooms_have() -> None:
    mine = OVERRIDE["services"][TOOL]["environment"]
    for name in ("dispatch-x", "dispatch-sms", "receipts", "agency"):
        assert OVERRIDE["services"][name]["environment"].items() <= mine.items(), name


def test_private_ports_are_not_published() -> None:
    for service in by_room().values():
        assert not [port for port in service.get("ports", []) if port.endswith(f":{PRIVATE_PORT}")]


def test_what_is_published_is_published_on_this_machine_alone() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert len(published) == 7
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_the_phonebook_is_seen_by_those_who_need_it_and_no_other_room() -> None:
    having = {name for name, service in by_room().items() if "phonebook:/phonebook" in service["volumes"]}
    assert having == {"audience", "dispatch.sms", "receipts"}


def test_kafka_is_the_same_here_and_without_docker() -> None:
    image = SERVICES["kafka"]["image"]
    lock = (REPOSITORY / "deploy/kafka/jars.lock").read_text()
    assert f"org.apache.kafka:kafka_2.13:{image.rpartition(':')[2]} " in lock
