"""People who are nobody: keys and a bundle for the demo, for `tocsin up --sandbox` and for tests.

All private keys lie side by side in the data folder, which is just what real ones must not do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from schemas.trust import Bundle
from schemas.words import Realm
from services.cli.errors import Code, fail
from services.cli.keys import trust_files
from services.cli.keys.bundling import compile_statement
from services.runtime.trust import SigningKey, new_key, read_key, write_key

ADMINISTRATORS = ("admin-1", "admin-2")
#: Each officer and the roles of deploy/policy.yaml, and of guidance's reviewers, in which they act.
OFFICERS = {
    "officer-1": ("duty-officer", "subject-reviewer"),
    "officer-2": ("communications-lead", "duty-director", "health-officer"),
}
ENGINES = ("approve", "audience")


@dataclass(frozen=True)
class DemoTrust:
    """The bundle in force and where the private keys are, by name."""

    bundle: Bundle
    people: dict[str, Path]
    engines: dict[str, Path]

    @property
    def digest(self) -> str:
        """What `TOCSIN_BUNDLE_DIGEST` pins."""
        return trust_files.digest(self.bundle)

    def key(self, name: str) -> SigningKey:
        """The private key of a person or an engine."""
        return read_key({**self.people, **self.engines}[name])


def make_demo_trust(home: Path, realm: Realm) -> DemoTrust:
    """Make the people, the engines' keys and the bundle of one realm's folder where they are not there yet.

    Fails, and changes nothing, when the folder holds a bundle that is not the demo's.
    """
    people = {name: trust_files.key_path(home, name) for name in (*ADMINISTRATORS, *OFFICERS)}
    engines = {name: trust_files.key_path(home, name) for name in ENGINES}
    before = trust_files.current_bundle(home)
    if is_of_others(before):
        fail(
            f"{home} holds a trust bundle of real people: the demo and the sandbox want a folder of their own. A drill "
            "of your own people on stand-ins for the platforms is `tocsin up --sandbox --realm drill`",
            Code.WRONG,
        )
    if before is None:
        keys = {name: _key(path) for name, path in (people | engines).items()}
        before = _bundle(keys, realm)
        trust_files.write_bundle(home, before)
    return DemoTrust(before, people, engines)


def is_of_others(bundle: Bundle | None) -> bool:
    """Whether somebody besides the demo's people may act by it."""
    return bundle is not None and any(
        person.id not in (*ADMINISTRATORS, *OFFICERS) for person in bundle.statement.people
    )


def _key(path: Path) -> SigningKey:
    if not path.exists():
        write_key(new_key(), path)
    return read_key(path)


def _bundle(keys: dict[str, SigningKey], realm: Realm) -> Bundle:
    def public(name: str) -> list[str]:
        return [keys[name].public]

    sources = {
        "administrators": [{"id": name, "keys": public(name)} for name in ADMINISTRATORS],
        "people": [{"id": name, "roles": list(roles), "keys": public(name)} for name, roles in OFFICERS.items()],
        "engines": [
            {"id": "approve", "use": "release", "ceiling": "Minor", "keys": public("approve")},
            {"id": "audience", "use": "batch", "keys": public("audience")},
        ],
    }
    policy = trust_files.POLICY_FILE.read_text()
    statement = compile_statement(policy, yaml.safe_dump(sources), realm, 1, datetime.now(UTC))
    return trust_files.sign_bundle(statement, {name: keys[name] for name in ADMINISTRATORS})
