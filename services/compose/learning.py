"""A store out of a backup learns what this room has said since: the very bytes, so that a repeat is one."""

import sqlalchemy as sa
from pydantic import ValidationError

from schemas.broadcast import Broadcast
from services.compose.store import BROADCASTS
from services.runtime import trust
from services.runtime.store import insert_new


def learn(connection: sa.Connection, canonical: bytes) -> bool:
    """Keep one Broadcast as it was published, unless its version and revision are known; whether it was new."""
    try:
        found = Broadcast.model_validate_json(canonical)
    except ValidationError:
        return False  # nothing that this room has written
    row = {
        "lineage": found.lineage, "version": found.version, "revision": found.revision, "kind": found.kind.value,
        "digest": trust.digest_of(canonical), "canonical": canonical,
    }  # fmt: skip
    return insert_new(connection, BROADCASTS, [row]) > 0
