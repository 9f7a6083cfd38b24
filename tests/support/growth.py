"""Whether a record's JSON schema has only grown since it was released.

Records written by the released version must be read by today's models, and those written today by the released
version's readers, which ignore fields that they do not know, except in signed statements.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

#: What narrows a value: changing one of these makes some old or some new values unreadable.
_RULES = (
    "type", "format", "pattern", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
    "maxLength", "minItems", "maxItems", "additionalProperties", "items", "anyOf", "allOf", "$ref", "prefixItems",
)  # fmt: skip


def shrunk(released: Schema, today: Schema) -> list[str]:
    """A sentence for each thing that is not only added to."""
    return list(_compare("", released, today))


def _compare(where: str, old: Schema, new: Schema) -> Iterator[str]:
    yield from _definitions(where, old, new)
    for rule in _RULES:
        if old.get(rule) != new.get(rule):
            yield f"{where or 'the record'}: {rule} was {old.get(rule)}, is {new.get(rule)}"
    if lost := set(old.get("enum", [])) - set(new.get("enum", [])):
        yield f"{where}: the words {sorted(map(str, lost))} are gone"
    if not old.get("enum") and new.get("enum"):
        yield f"{where}: only some words are allowed now"
    yield from _properties(where, old, new)


def _definitions(where: str, old: Schema, new: Schema) -> Iterator[str]:
    for name, definition in old.get("$defs", {}).items():
        if name in new.get("$defs", {}):
            yield from _compare(f"{where}{name}", definition, new["$defs"][name])
        else:
            yield f"{where}{name} is gone"


def _properties(where: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, field in before.items():
        if name in after:
            yield from _compare(f"{where}.{name}", field, after[name])
        else:
            yield f"{where}.{name} is gone"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{where}.{name} has become required"
    for name in sorted(set(old.get("required", [])) - set(new.get("required", []))):
        yield f"{where}.{name} is no longer required: the released version's readers need it"
    if old.get("additionalProperties") is False and set(after) - set(before):
        yield f"{where} is signed, and has new fields {sorted(set(after) - set(before))}: that needs a major version"
