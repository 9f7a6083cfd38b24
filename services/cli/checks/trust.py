"""Who may sign: the bundle, each room's own copy of it, and the keys that rooms hold."""

import json
import os
from collections.abc import Iterator

from pydantic import ValidationError

from schemas.trust import Bundle, BundleStatement
from services.cli.checks.finding import Found, bad, good, mind
from services.cli.checks.phonebook import private
from services.cli.context import Context
from services.cli.keys import trust_files
from services.cli.keys.engine_keys import SETTINGS, USES, key_files
from services.runtime.trust import read_key
from services.runtime.trusted import NotTrustedError, Trust

_BUNDLE = "tocsin keys new, then tocsin keys bundle (tocsin up --sandbox makes people who are nobody)"


def look(context: Context) -> Iterator[Found]:
    """Everything about trust in one realm's folder; a pod has no bundle.json, and its room's own copy says as much."""
    try:
        bundle = trust_files.current_bundle(context.home)
        if bundle is not None:
            trust_files.check_bundle(bundle, context.realm, None, frozenset())
    except NotTrustedError as error:
        yield bad("trust", f"the bundle cannot be believed: {error}", "tocsin keys bundle")
        return
    if bundle is not None:
        yield _in_force(bundle.statement, "")
        for room in USES:
            yield _engine(context, Trust(bundle.statement), room)
    else:
        yield from _copies(context)


def _in_force(statement: BundleStatement, whose: str) -> Found:
    people = sum(1 for person in statement.people if person.active)
    return good("trust", f"{whose}bundle {statement.serial}, {people} people may act")


def _copies(context: Context) -> Iterator[Found]:
    """What rooms have kept for themselves: by it they work, with bundle.json or without."""
    kept = []
    for path in sorted((context.home / "trust").glob("*.json")):
        try:
            found = json.loads(path.read_text())["bundle"]
            if found is not None:
                kept.append((path.stem, Bundle.model_validate(found).statement))
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            yield bad("trust", f"{path} cannot be read", "delete it, and the room begins again with the first bundle")
    yield from (_in_force(statement, f"{room} keeps ") for room, statement in kept)
    if not kept:
        yield mind("trust", f"no trust bundle in {context.home}: nothing can be approved or sent", _BUNDLE)
        return
    newest = max((statement for _, statement in kept), key=lambda each: each.serial)
    for room in USES:  # of a pod's one room, and not of those whose keys are elsewhere
        if os.environ.get(SETTINGS[room]) or key_files(context, room).current.exists():
            yield _engine(context, Trust(newest), room)


def _engine(context: Context, trust: Trust, room: str) -> Found:
    path = key_files(context, room).current
    try:
        trust.engine(read_key(path).id, USES[room])
    except FileNotFoundError:
        do = f"tocsin keys new {room} --out {path}, and enter it in the bundle; or {SETTINGS[room]} names where it is"
        return mind(room, f"no key at {path}", do)
    except (OSError, ValueError, NotTrustedError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return bad(room, f"the key at {path} is not usable: {why}", "enter it in the bundle: tocsin keys bundle")
    return private(room, path) or good(room, f"its key is in the bundle, for {USES[room]}")
