"""`python -m tests.support.release` stores today's JSON schemas as the released ones: part of a release's commit."""

import json
from pathlib import Path
from typing import Any

from schemas.base import Record
from schemas.guidance import GuidanceApproval
from schemas.topics import TOPICS
from tests.support.code import REPOSITORY

RELEASED = REPOSITORY / "schemas" / "released"
#: What crosses Kafka, and what is kept as signed files.
KINDS = sorted(
    {kind for topic in TOPICS for kind in topic.values} | {GuidanceApproval}, key=lambda kind: kind.schema_name
)


def stored(kind: type[Record]) -> Path:
    """One file for each major version: it holds the newest minor one that was released."""
    return RELEASED / f"{kind.schema_name}.v{kind.schema_version.split('.')[0]}.json"


def schema_of(kind: type[Record]) -> dict[str, Any]:
    """Today's JSON schema of one record."""
    return kind.model_json_schema(by_alias=True, mode="validation")


def main() -> None:
    """Write all of them."""
    RELEASED.mkdir(exist_ok=True)
    for kind in KINDS:
        stored(kind).write_text(json.dumps(schema_of(kind), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
