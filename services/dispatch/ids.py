"""Deterministic ids and the order of versions.

An id comes from what a delivery *is* (lineage, version, revision, channel, target, kind), never from when it was
planned: a record that is handled twice plans the same rows.
"""

import hashlib

from schemas.words import Channel, Kind

REVISIONS = 100_000
TAKE_BACK = 1


def delivery_id(  # noqa: PLR0917 - the six things that a delivery is, and the round of a repeated take-back
    lineage: str, version: int, revision: int, channel: Channel, target: str, kind: Kind, again: int = 0
) -> str:
    """32 hex digits."""
    name = "\n".join((lineage, str(version), str(revision), channel, target, kind, str(again)))
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def ordinal(version: int, revision: int, *, take_back: bool = False) -> int:
    """One number that orders (version, revision, kind): a take-back stands right above what it takes back."""
    return (version * REVISIONS + revision) * 2 + (TAKE_BACK if take_back else 0)


def public_target(account: str, language: str, audience: str, part: int) -> str:
    """The target of a post: account, language, audience and part (from 1)."""
    return f"{account}/{language}/{audience}/{part}"


def target_base(target: str) -> str:
    """A public target without its part."""
    return target.rpartition("/")[0]
