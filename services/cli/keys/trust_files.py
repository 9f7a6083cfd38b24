"""The trust files of one realm: the bundle, the revocations, private keys; and signing a bundle."""

import os
from collections.abc import Mapping
from pathlib import Path

from schemas.trust import Bundle, BundleStatement, Revocation, Sign
from schemas.words import Realm
from services.runtime import trust, trusted
from services.runtime.keeper import bundle_path, read_bundle
from services.runtime.trust import SigningKey

POLICY_FILE = Path(__file__).parents[3] / "deploy" / "policy.yaml"
PEOPLE_FILE = POLICY_FILE.with_name("people.yaml")


def key_path(home: Path, name: str) -> Path:
    """Where a realm keeps the private key of a room's engine, and the demo those of its people."""
    return home / "keys" / f"{name}.pem"


def current_bundle(home: Path) -> Bundle | None:
    """The bundle of this realm, or NotTrustedError when the file holds none."""
    path = bundle_path(home)
    return read_bundle(path) if path.exists() else None


def known_revocations(home: Path) -> list[Revocation]:
    """What `tocsin keys revoke` has left beside the bundle."""
    return [Revocation.model_validate_json(path.read_bytes()) for path in sorted((home / "revocations").glob("*.json"))]


def sign_bundle(statement: BundleStatement, administrators: Mapping[str, SigningKey]) -> Bundle:
    """The statement with a signature of each administrator."""
    signatures = tuple(
        Sign(person=name, key=key.id, signature=key.sign("bundle", statement)) for name, key in administrators.items()
    )
    return Bundle(statement=statement, signatures=signatures)


def check_bundle(candidate: Bundle, realm: Realm, before: Bundle | None, revoked: frozenset[str]) -> None:
    """Refuse a bundle that no room would believe: one that runs, or one that begins. NotTrustedError says why."""
    trusted.bundle(candidate, realm, None, None)
    if before is not None:
        trusted.bundle(candidate, realm, trusted.Trust(before.statement, revoked), None)


def digest(bundle: Bundle) -> str:
    """What `TOCSIN_BUNDLE_DIGEST` pins."""
    return trust.digest_of(trust.canonical(bundle.statement))


def write_bundle(home: Path, bundle: Bundle) -> Path:
    """Write bundle.json, whole or not at all."""
    return _write(bundle_path(home), bundle.model_dump_json(indent=1))


def write_revocation(home: Path, revocation: Revocation) -> Path:
    """Keep a revocation beside the bundle, so that no later bundle brings the key back."""
    return _write(home / "revocations" / f"{revocation.statement.key}.json", revocation.model_dump_json(indent=1))


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(text + "\n")
    fresh.replace(path)
    return path
