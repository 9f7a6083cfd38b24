"""deploy/policy.yaml and a people file become a bundle; what would leave an alert waiting for nobody is refused."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from schemas.trust import BundleStatement
from schemas.words import Realm, Severity
from services.cli.context import Context
from services.cli.demo.trust import make_demo_trust
from services.cli.errors import Failure
from services.cli.house.prepare import is_own_drill, prepare
from services.cli.keys import trust_files
from services.cli.keys import verbs as keys
from services.cli.keys.bundling import SourceError, compile_statement
from services.runtime import trusted
from services.runtime.trust import read_key, write_key
from tests.support.trust import KEYS, revocation

NOW = datetime(2026, 7, 1, tzinfo=UTC)
POLICY = trust_files.POLICY_FILE.read_text()


def people() -> dict[str, Any]:
    """The people of deploy/people.yaml, each with a key."""
    found: dict[str, Any] = yaml.safe_load(trust_files.PEOPLE_FILE.read_text())
    hands = iter(KEYS.values())
    for group in ("administrators", "people", "engines"):
        for holder in found[group]:
            holder["keys"] = [next(hands).public]
    return found


def compiled(policy: str = POLICY, sources: dict[str, Any] | None = None) -> BundleStatement:
    return compile_statement(policy, yaml.safe_dump(sources or people()), Realm.LIVE, 1, NOW)


def test_the_policy_in_the_repository_compiles_with_the_example_people() -> None:
    found = compiled()
    quorums = {severity: found.policy.severities[severity].quorum for severity in Severity}
    assert quorums == {
        Severity.EXTREME: 2, Severity.SEVERE: 1, Severity.MODERATE: 1, Severity.MINOR: 0, Severity.UNKNOWN: 1,
    }  # fmt: skip
    assert found.policy.severities[Severity.EXTREME].deadline_s == 300
    assert found.policy.take_back_s == 86_400


def test_the_example_people_file_is_refused_while_it_has_no_keys() -> None:
    with pytest.raises(SourceError, match="director-1 has no key: run `tocsin keys new director-1"):
        compile_statement(POLICY, trust_files.PEOPLE_FILE.read_text(), Realm.LIVE, 1, NOW)


def policy(**changes: Any) -> str:
    return yaml.safe_dump({**yaml.safe_load(POLICY), **changes})


def severities(severity: str, **changes: Any) -> str:
    rules = yaml.safe_load(POLICY)["severities"]
    return policy(severities={**rules, severity: {**rules[severity], **changes}})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("severities: [", "no YAML"),
        ("- a", "must be a mapping"),
        (policy(severities={}), "no rule for Extreme"),
        (severities("Severe", quorum=3), r"Severe\.quorum"),
        (severities("Severe", deadline="soon"), "deadline must be a time such as 90s"),
        (severities("Severe", quorum=0), "Severe is to be released by the engine, but no engine's ceiling reaches it"),
        (severities("Severe", at_deadline="release"), "no engine's ceiling reaches it"),
        (severities("Severe", at_deadline="panic"), "at_deadline"),
        (severities("Severe", roles=["nurse"]), "nobody active has the role nurse"),
        (severities("Extreme", roles=[], escalate_to=["duty-director"]), "needs 2 different people and 1 could"),
        (severities("Minor", roles=[], escalate_to=[]), "Minor needs 1 different people and 0 could approve it"),
        (policy(withdraw_roles=[]), "nobody could take an alert back"),
        (policy(override_rolls=["duty-director"]), "override_rolls"),
    ],
)
def test_a_mistake_in_the_policy_is_named(text: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        compiled(text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: p["administrators"].pop(), "administrators"),
        (lambda p: p["administrators"][0].update(active=False), "two active administrators"),
        (lambda p: p["people"][0].update(keys=["short"]), "no public half"),
        (lambda p: p["people"][0].update(keys=p["people"][1]["keys"]), "in two hands"),
        (lambda p: p["people"][0].update(id="director-1"), "one name stands twice"),
        (lambda p: p["people"][3].update(active=False), "nobody active has the role duty-director"),
        (lambda p: p["engines"].pop(0), "no engine's ceiling reaches it"),
        (lambda p: p["engines"].pop(1), "no engine signs batches"),
        (lambda p: p.update(people="nobody"), "people must be a list"),
    ],
)
def test_a_mistake_in_the_people_file_is_named(change: Any, says: str) -> None:
    sources = people()
    change(sources)
    with pytest.raises(SourceError, match=says):
        compiled(sources=sources)


# --- the verbs ---


def run(*words: str) -> dict[str, Any]:
    """A verb's JSON, or its Failure."""
    result = CliRunner().invoke(keys.app, [*words, "--json"])
    if isinstance(result.exception, Failure):
        raise result.exception
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Private key files of everybody, and no Kafka."""
    monkeypatch.delenv("TOCSIN_KAFKA", raising=False)
    for name, key in KEYS.items():
        write_key(key, tmp_path / f"{name}.pem")
    (tmp_path / "people.yaml").write_text(yaml.safe_dump(people()))
    return tmp_path


def bundle(hands: Path, *administrators: str, realm: Realm = Realm.LIVE) -> dict[str, Any]:
    words = [word for name in administrators for word in ("--admin", f"{name}={hands / name}.pem")]
    folder = ("--data", str(hands / "data"), "--realm", realm.value)
    return run("bundle", "--people", str(hands / "people.yaml"), *folder, *words)


def test_a_new_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "mine.pem"
    made = run("new", "officer-9", "--out", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (made["key"], made["public"]) == (read_key(path).id, read_key(path).public)
    with pytest.raises(Failure, match="never overwritten"):
        run("new", "officer-9", "--out", str(path))


def test_a_bundle_is_made_and_the_next_one_follows_it(hands: Path) -> None:
    first = bundle(hands, "admin-1", "admin-2")
    assert (first["serial"], first["published"]) == (1, False)
    second = bundle(hands, "admin-1", "admin-2")
    assert second["serial"] == 2
    made = trust_files.current_bundle(hands / "data" / "live")
    assert made is not None
    assert trusted.bundle(made, Realm.LIVE, None, second["digest"]).bundle.serial == 2


def test_a_bundle_that_no_room_would_believe_is_not_written(hands: Path) -> None:
    with pytest.raises(Failure, match="two administrators"):
        bundle(hands, "admin-1", "officer-1")
    assert trust_files.current_bundle(hands / "data" / "live") is None
    bundle(hands, "admin-1", "admin-2")
    sources = people()
    sources["administrators"] = [{"id": n, "keys": [KEYS[n].public]} for n in ("stranger", "admin-1")]
    (hands / "people.yaml").write_text(yaml.safe_dump(sources))
    with pytest.raises(Failure, match="two administrators"):
        bundle(hands, "stranger", "admin-1")
    assert bundle(hands, "stranger", "admin-1", "admin-2")["serial"] == 2


def test_a_revoked_key_does_not_come_back(hands: Path) -> None:
    bundle(hands, "admin-1", "admin-2")
    home = hands / "data" / "live"
    owner = people()["people"][0]["keys"][0]
    name = next(name for name, key in KEYS.items() if key.public == owner)
    trust_files.write_revocation(home, revocation(name, "admin-1"))
    with pytest.raises(Failure, match="may not come back"):
        bundle(hands, "admin-1", "admin-2")


def test_the_demo_makes_its_people_once_and_keeps_off_real_ones(hands: Path) -> None:
    home = hands / "demo" / "live"
    demo = make_demo_trust(home, Realm.LIVE)
    assert make_demo_trust(home, Realm.LIVE) == demo
    assert demo.engines["approve"] == home / "keys" / "approve.pem"
    roles = trusted.bundle(demo.bundle, Realm.LIVE, None, demo.digest).person("officer-1").roles
    assert roles == ("duty-officer", "subject-reviewer")
    bundle(hands, "admin-1", "admin-2")
    with pytest.raises(Failure, match="real people"):
        make_demo_trust(hands / "data" / "live", Realm.LIVE)


@pytest.mark.parametrize("realm", Realm)
def test_a_sandbox_is_a_drill_of_ones_own_people_where_they_are(hands: Path, realm: Realm) -> None:
    """In live it would be neither theirs nor nobody's."""
    context = Context(hands / "data", realm)
    assert not is_own_drill(context)
    bundle(hands, "admin-1", "admin-2", realm=realm)
    if realm is Realm.LIVE:
        with pytest.raises(Failure, match="--realm drill"):
            prepare(context, sandbox=True)
        return
    assert is_own_drill(context)
    assert prepare(context, sandbox=True)[-1] == "drill: your own people and place, on stand-ins for the platforms"
    assert not (context.home / "keys").exists()
    assert not (context.home / "agency-demo.json").exists()
