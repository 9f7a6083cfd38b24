"""`tocsin doctor` in the states that it exists for: whatever is away or wrong, every check is asked, and says it."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.checks import configuration, guard, phonebook, review, trust, versions
from services.cli.checks.finding import Found, good
from services.cli.context import Context
from services.cli.doctor import doctor, everything
from services.cli.errors import Failure, fail
from services.cli.house.prepare import prepare

SECRET = "pw-4c41e0aa71"
#: Nothing listens there.
AWAY = f"postgresql+psycopg://tocsin:{SECRET}@127.0.0.1:9/tocsin"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)


def said(found: Iterator[Found], verdict: str = "bad") -> str:
    return "\n".join(f"{each.subject}: {each.says} -> {each.do}" for each in found if each.verdict == verdict)


# --- a check that fails itself ---


def test_a_check_that_fails_is_a_finding_without_its_words() -> None:
    def broken() -> Iterator[Found]:
        yield good("it", "the first half")
        raise KeyError(SECRET)

    first, last = guard.guarded("it", broken)
    assert first.verdict == "good"
    assert (last.subject, last.verdict) == ("it", "bad")
    assert "KeyError at cli/test_doctor_where_things_are_broken.py:" in last.says
    assert SECRET not in f"{last.says}{last.do}"


def test_our_own_sentence_is_kept() -> None:
    [found] = guard.guarded("kafka", lambda: fail("kafka.json cannot be read: remove it"))
    assert (found.verdict, found.says) == ("bad", "kafka.json cannot be read: remove it")


def test_a_setting_that_ends_a_room_does_not_end_doctor() -> None:
    def stops() -> Iterator[Found]:
        raise SystemExit(2)

    [found] = guard.guarded("kafka", stops)
    assert "a setting that it needs is wrong" in found.says


# --- whole runs, each in a state in which it once ended with a mistake of its own ---

STATES = {
    "no number": ("TOCSIN_INTAKE_PRIVATE_PORT", "abc", "intake: TOCSIN_INTAKE_PRIVATE_PORT: "),
    "no such file": ("TOCSIN_COMPOSE_DATABASE_URL_FILE", "/nowhere/url", "TOCSIN_COMPOSE_DATABASE_URL_FILE names"),
    "no URL": ("TOCSIN_COMPOSE_DATABASE_URL", f"postgres/{SECRET}", "compose: TOCSIN_COMPOSE_DATABASE_URL: a store's"),
    "no URL of the phonebook": ("TOCSIN_PHONEBOOK_URL", f"//{SECRET}", "phonebook: TOCSIN_PHONEBOOK_URL: a store's"),
    "PostgreSQL away": ("TOCSIN_PHONEBOOK_URL", AWAY, "phonebook: its store cannot be opened (OperationalError)"),
    "a room's PostgreSQL away": ("TOCSIN_INTAKE_DATABASE_URL", AWAY, "intake: its PostgreSQL does not answer"),
    "a protocol that is none": ("TOCSIN_KAFKA_PROTOCOL", "SASL", "every room: TOCSIN_KAFKA_PROTOCOL: "),
    "an address that is none": ("TOCSIN_KAFKA", "127.0.0.1:kafka", "kafka: "),
    "doors that are none": ("TOCSIN_CLI_DOORS", "record:9100", "cli: TOCSIN_CLI_DOORS: "),
    "a trace that is none": ("TOCSIN_CLI_TRACE", "perhaps", "cli: TOCSIN_CLI_TRACE: "),
    "no such jurisdiction": ("TOCSIN_COMPOSE_JURISDICTION", "/nowhere.yaml", "guidance: compose cannot read its data"),
}  # fmt: skip


@pytest.mark.connected
@pytest.mark.parametrize("state", STATES)
def test_a_whole_run(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variable, value, says = STATES[state]
    prepare(Context(tmp_path), sandbox=True)
    monkeypatch.setenv(variable, value)
    found = list(everything(Context(tmp_path)))
    assert says in said(iter(found))
    assert SECRET not in "".join(f"{each.says}{each.do}" for each in found)
    assert {"python", "backup", "rooms"} <= {each.subject for each in found}, "no check was left out"
    assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.connected
def test_the_bundle_for_whoever_helps_is_written_there_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context(tmp_path / "data")
    prepare(context, sandbox=True)
    monkeypatch.setenv("TOCSIN_CLI_DOORS", "record:9100")
    monkeypatch.setenv("TOCSIN_KAFKA_PROTOCOL", "SASL")
    monkeypatch.setenv("TOCSIN_KAFKA", "127.0.0.1:9")
    with pytest.raises(Failure, match="must be set right"):
        doctor(context.data, bundle=tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        parts = {each.name.removeprefix("tocsin-support/"): archive.extractfile(each) for each in archive.getmembers()}
        texts = {name: file.read().decode() for name, file in parts.items() if file is not None}
    assert "could not be gathered (SystemExit)" in texts["waiting.json"]
    assert "TOCSIN_CLI_DOORS" in texts["metrics/why-not.txt"]
    assert any("TOCSIN_CLI_DOORS" in each["says"] for each in json.loads(texts["checks.json"]))


# --- one check each ---


def test_the_setting_is_named_before_what_is_read_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_INTAKE_PRIVATE_PORT", "abc")
    assert "not every room's was looked at" in said(versions.look(Context(tmp_path)), "mind")
    subjects = [each.subject for each in everything(Context(tmp_path))]
    assert subjects.index("intake") < subjects.index("stores")


def test_a_file_of_a_setting_that_holds_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("TOCSIN_COMPOSE_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert "compose: " in said(configuration.look())
    assert "it is no text" in said(configuration.look())


def test_a_file_of_composes_that_is_not_there_is_said_by_the_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_COMPOSE_DATABASE_URL_FILE", "/nowhere/url")
    assert list(review.look()) == []
    assert "/nowhere/url, which TOCSIN_COMPOSE_DATABASE_URL_FILE names: No such file" in said(configuration.look())


# --- where others mount secrets ---


@pytest.mark.parametrize("mode", [0o440, 0o444])
def test_what_is_mounted_as_a_secret_is_read_by_the_pods_group(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubernetes mounts 0440 and Docker 0444, in a file system of that container alone; there is no chmod there."""
    context = Context(tmp_path)
    prepare(context, sandbox=True)
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for room in ("approve", "audience"):
        (context.home / "keys" / f"{room}.pem").rename(mounted / f"{room}.pem").chmod(mode)
        monkeypatch.setenv(f"TOCSIN_{room.upper()}_ENGINE_KEY_FILE", str(mounted / f"{room}.pem"))
    (context.home / "phonebook.keys.json").rename(mounted / "keys.json").chmod(mode)
    monkeypatch.setenv("TOCSIN_PHONEBOOK_KEYS_FILE", str(mounted / "keys.json"))
    assert {each.subject for each in [*trust.look(context), *phonebook.look(context)] if each.verdict == "bad"} == {
        "approve", "audience", "phonebook",
    }  # fmt: skip
    monkeypatch.setattr("services.cli.checks.modes.MOUNTED", mounted)
    assert {each.verdict for each in [*trust.look(context), *phonebook.look(context)]} == {"good"}
