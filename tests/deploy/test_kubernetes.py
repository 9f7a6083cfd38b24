"""The Kubernetes manifests: valid, every room of the code is there, and nobody may do or reach more than he must."""

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from schemas.words import Realm
from services.cli.house.rooms import ROOMS, RoomSpec
from services.record.settings import RecordSettings
from services.runtime.settings import SharedSettings
from tests.deploy.manifests import KUBERNETES, OVERLAY, built, container, of_kind, pods, told
from tests.deploy.settings_known import missing, of_a_place, settings_of_all_rooms, unknown
from tests.support.code import REPOSITORY

SCHEMAS = json.loads((REPOSITORY / "tests/deploy/kubernetes/schemas.json").read_text())
KINDS = {
    (group["kind"], f"{group['group']}/{group['version']}".lstrip("/")): name
    for name, schema in SCHEMAS["kinds"].items()
    for group in schema["x-kubernetes-group-version-kind"]
}
NAMES = sorted(spec.slug for spec in ROOMS)
PORT = "9100"


def validator(found: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """The schema of an object's kind; KeyError where there is none."""
    schema = SCHEMAS["kinds"][KINDS[found["kind"], found["apiVersion"]]]
    return jsonschema.Draft202012Validator({**schema, "$defs": SCHEMAS["$defs"]})


def test_every_object_is_valid() -> None:
    wrong = [
        f"{found['kind']} {found['metadata']['name']}: {error.json_path} {error.message}"
        for found in built()
        for error in validator(found).iter_errors(found)
    ]
    assert len(built()) > 40
    assert wrong == []


def test_a_misspelt_property_is_no_valid_object() -> None:
    found = json.loads(json.dumps(of_kind("StatefulSet")["intake"]))
    found["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    assert any("readinesProbe" in error.message for error in validator(found).iter_errors(found))


def test_the_list_of_resources_is_the_folder() -> None:
    """Without kubectl, too: what is not listed would not be applied, and nobody would see."""
    base = KUBERNETES / "base"
    listed = yaml.safe_load((base / "kustomization.yaml").read_text())
    files = {str(path.relative_to(base)) for path in base.rglob("*.yaml")} - {"kustomization.yaml"}
    assert {*listed["resources"], *(patch["path"] for patch in listed["patches"])} == files


def test_every_room_is_there_with_its_service_and_budget() -> None:
    assert sorted(of_kind("StatefulSet")) == NAMES
    assert set(NAMES) <= set(of_kind("Service"))
    assert sorted(of_kind("PodDisruptionBudget")) == NAMES
    modules = {spec.slug: spec.module for spec in ROOMS}
    for name in NAMES:
        assert container(name)["command"] == ["python", "-m", modules[name]]
        assert of_kind("StatefulSet")[name]["spec"]["replicas"] == 2


@pytest.mark.parametrize("name", [*NAMES, "topics", "backup"])
def test_a_rooms_variables_are_settings(name: str) -> None:
    assert unknown({variable["name"] for variable in container(name)["env"]}) == set()


@pytest.mark.parametrize("spec", ROOMS, ids=lambda spec: spec.slug)
def test_a_room_is_given_every_required_setting(spec: RoomSpec) -> None:
    """By its own variables, the ConfigMap or a Secret's file: without one of them it stops at start."""
    assert missing(spec.name, told(spec.slug)) == set()


def test_what_all_rooms_are_told_are_settings() -> None:
    [config] = [found for found in of_kind("ConfigMap").values() if "TOCSIN_KAFKA" in found["data"]]
    assert {each for each in config["data"] if each not in settings_of_all_rooms()} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_rooms_ports_are_those_that_it_is_told(name: str) -> None:
    given = {each["name"]: each.get("value") for each in container(name)["env"]}
    ports = {each["name"]: str(each["containerPort"]) for each in container(name)["ports"]}
    assert [value for key, value in given.items() if key.endswith("_PRIVATE_PORT")] == [PORT] == [ports.pop("private")]
    assert [value for key, value in given.items() if key.endswith("_PUBLIC_PORT")] == list(ports.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_room_is_asked_at_its_health_doors(name: str) -> None:
    room = container(name)
    asked = {probe: room[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert asked == {
        "startupProbe": {"path": "/health/live", "port": "private"},
        "livenessProbe": {"path": "/health/live", "port": "private"},
        "readinessProbe": {"path": "/health/ready", "port": "private"},
    }


@pytest.mark.parametrize("name", [*NAMES, "topics", "backup"])
def test_a_pod_may_do_nothing_that_it_need_not(name: str) -> None:
    """What Pod Security Standards call restricted (https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""
    spec, room = pods()[name]["spec"], container(name)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    assert room["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert "memory" in room["resources"]["limits"]
    assert {"cpu", "memory"} <= room["resources"]["requests"].keys()
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()


@pytest.mark.parametrize("name", [*NAMES, "topics", "backup"])
def test_every_mount_has_its_volume_and_every_file_its_mount(name: str) -> None:
    spec, room = pods()[name]["spec"], container(name)
    volumes = {volume["name"] for volume in spec["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in room["volumeMounts"]}
    assert set(mounts) == volumes
    values = [each["value"] for each in room["env"] if str(each.get("value", "")).startswith("/")]
    assert [path for path in values if not path.startswith(tuple(mounts.values()))] == []


def test_secrets_are_named_and_never_made() -> None:
    """A room's own, and no other's; the files that it is told of are described for whoever makes them."""
    assert of_kind("Secret") == {}
    described = (OVERLAY / "yours.md").read_text()
    for name in NAMES:
        secrets = [each["secret"]["secretName"] for each in pods()[name]["spec"]["volumes"] if "secret" in each]
        assert secrets == [f"tocsin-{name}"]
        prefix = "/run/secrets/room/"
        keys = {
            each["value"].removeprefix(prefix) for each in container(name)["env"] if prefix in str(each.get("value"))
        }
        assert {"kafka-user", "kafka-password", "database-url"} <= keys
        assert [key for key in keys if f"`{key}`" not in described] == []


def test_x_is_given_the_four_values_that_do_not_end_by_themselves() -> None:
    prefix = "/run/secrets/room/"
    given = {each["name"]: str(each.get("value")).removeprefix(prefix) for each in container("dispatch-x")["env"]}
    four = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    files = {f"TOCSIN_X_{each}_FILE": each.lower().replace("_", "-") for each in four}
    assert files.items() <= given.items()
    assert "TOCSIN_X_TOKEN_FILE" not in given


def test_the_component_for_an_x_token_gives_that_alone(tmp_path: Path) -> None:
    parts = {"resources": OVERLAY, "components": KUBERNETES / "components" / "x-token"}
    text = yaml.safe_dump({name: [os.path.relpath(path, tmp_path.resolve())] for name, path in parts.items()})
    (tmp_path / "kustomization.yaml").write_text(text)
    sets = {each["metadata"]["name"]: each for each in built(tmp_path) if each["kind"] == "StatefulSet"}
    [room] = sets["dispatch-x"]["spec"]["template"]["spec"]["containers"]
    usual = {each["name"] for each in container("dispatch-x")["env"]}
    others = {name for name in usual if not re.search("_(CONSUMER|ACCESS)_", name)}
    assert {each["name"] for each in room["env"]} == {*others, "TOCSIN_X_TOKEN_FILE"}
    assert "`token`" in (OVERLAY / "yours.md").read_text()


def test_what_is_applied_twice_is_taken_twice() -> None:
    """A Job's pod cannot be changed (batch/v1: spec.template is immutable), and its name here would be the same."""
    assert of_kind("Job") == {}
    for name in ("topics", "backup"):
        assert of_kind("CronJob")[name]["spec"]["concurrencyPolicy"] == "Forbid"
        assert of_kind("CronJob")[name]["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 0


def test_the_backup_knows_every_store() -> None:
    """One that it is not told of would be looked for in a file that is not there."""
    rooms = {
        each for name in NAMES for each in told(name) if each.endswith(("_DATABASE_URL_FILE", "PHONEBOOK_URL_FILE"))
    }
    assert len(rooms) == len(NAMES) + 1
    given = {each["name"]: each["value"] for each in container("backup")["env"]}
    assert {each for each in given if each.endswith("_URL_FILE")} == rooms
    described = (OVERLAY / "yours.md").read_text()
    secrets = [each["secret"]["secretName"] for each in pods()["backup"]["spec"]["volumes"] if "secret" in each]
    assert secrets == ["tocsin-operator", "tocsin-backup"]
    keys = {given[each].rpartition("/")[2] for each in rooms}
    assert keys == {"database-url", "phonebook-url"}
    assert [word for word in [*keys, *secrets] if f"`{word}`" not in described] == []


def test_a_drills_pages_have_a_folder_too() -> None:
    """Beside the live ones, and on the volume: nothing else of the pod can be written to."""
    given = {each["name"]: str(each.get("value")) for each in container("record")["env"]}
    folder = RecordSettings(pages=Path(given["TOCSIN_RECORD_PAGES"])).pages_folder(SharedSettings(realm=Realm.DRILL))
    [mounted] = [each["mountPath"] for each in container("record")["volumeMounts"] if each["name"] == "pages"]
    assert folder.parent == Path(mounted)


def test_the_phonebook_is_seen_by_those_who_need_it_and_no_other_room() -> None:
    having = {name for name in NAMES if "PHONEBOOK" in json.dumps(container(name))}
    assert having == {"audience", "dispatch-sms", "receipts"}


def allowed(policy: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a network policy's selector takes a pod with these labels."""
    selector = policy["spec"]["podSelector"]
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for rule in selector.get("matchExpressions", []):
        there = rule["key"] in labels
        if rule["operator"] == "Exists" and not there:
            return False
        if rule["operator"] == "In" and labels.get(rule["key"]) not in rule["values"]:
            return False
    return True


def policies_of(name: str) -> set[str]:
    labels = pods()[name]["metadata"]["labels"]
    return {each for each, policy in of_kind("NetworkPolicy").items() if allowed(policy, labels)}


def test_nobody_reaches_anybody_but_for_what_is_opened() -> None:
    closed = of_kind("NetworkPolicy")["closed"]["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    everybody = {"closed", "names", "kafka", "postgres", "metrics", "traces"}
    more = {
        "dispatch-x": {"platforms"}, "dispatch-sms": {"platforms"}, "agency": {"platforms", "public-doors"},
        "receipts": {"public-doors"},
    }  # fmt: skip
    assert {name: policies_of(name) for name in NAMES} == {name: everybody | more.get(name, set()) for name in NAMES}
    assert policies_of("topics") == {"closed", "names", "kafka"}
    assert policies_of("backup") == {"closed", "names", "kafka", "postgres"}


def test_no_room_is_let_in_by_another() -> None:
    sources = [
        json.dumps(source)
        for policy in of_kind("NetworkPolicy").values()
        for rule in policy["spec"].get("ingress", [])
        for source in rule["from"]
    ]
    assert len(sources) == 2
    assert all("namespaceSelector" in source for source in sources)


def test_the_platforms_policy_leaves_private_addresses_out() -> None:
    [rule] = of_kind("NetworkPolicy")["platforms"]["spec"]["egress"]
    [block] = [each["ipBlock"] for each in rule["to"]]
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(block["except"])
    assert rule["ports"] == [{"port": 443, "protocol": "TCP"}]


def test_a_budgets_selector_finds_its_room() -> None:
    for kind in ("PodDisruptionBudget", "Service"):
        for name, found in of_kind(kind).items():
            wanted = found["spec"]["selector"]
            wanted = wanted.get("matchLabels", wanted)
            room = name.removesuffix("-public")
            assert wanted.items() <= pods()[room]["metadata"]["labels"].items()


def test_the_namespace_refuses_a_pod_that_asks_for_more() -> None:
    [labels] = [each["metadata"]["labels"] for each in of_kind("Namespace").values()]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_files_of_a_place_are_described() -> None:
    described = (OVERLAY / "yours.md").read_text()
    named = {
        each["configMap"]["name"] for pod in pods().values() for each in pod["spec"]["volumes"] if "configMap" in each
    }
    assert named == {"tocsin-place", "tocsin-kafka-ca", "tocsin-guidance"}
    assert [name for name in named if f"`{name}`" not in described] == []
    given = {str(each.get("value")) for name in NAMES for each in container(name)["env"]}
    files = {value.removeprefix("/etc/tocsin/") for value in given if value.startswith("/etc/tocsin/")}
    assert [file for file in files if f"`{file}`" not in described] == []
    in_the_image = {name for name in of_a_place() if name.endswith("_TEMPLATES")}
    assert of_a_place() - in_the_image <= set().union(*(told(name) for name in NAMES))
