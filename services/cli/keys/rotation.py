"""One engine's change of keys, in two steps that may each be done again.

The bundle comes first, the key after it: no room is ever asked to believe a key that it does not know. A room that does
not answer is none that has done its part: its word is missing, and only a person may go on without it.
"""

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from schemas.topics import TRUST
from schemas.trust import Bundle, BundleStatement, Engine, Key
from services.cli import room_states
from services.cli.context import Context
from services.cli.errors import Code, fail
from services.cli.keys import trust_files
from services.cli.keys.engine_keys import SETTINGS, USES, key_files, must_be_theirs
from services.cli.room_states import Behind, States
from services.runtime.trust import SigningKey, new_key, read_key, write_key

WAIT_S = 60.0
_AGAIN_S = 0.2


@dataclass(frozen=True)
class Means:
    """Who signs the bundles, by name, and the rooms that may be silent."""

    administrators: dict[str, SigningKey]
    although_silent: Collection[str] = ()


class Rotation:
    """The files say how far it is: `next` waits for its bundle, `retired` for its end."""

    def __init__(self, context: Context, room: str, means: Means) -> None:
        """Of `room`'s key, by the room's settings. Fails with a sentence when there is no bundle that knows it."""
        self._context, self._room, self._means = context, room, means
        self._files = key_files(context, room)
        must_be_theirs(context, room, self._files.current)
        found = trust_files.current_bundle(context.home)
        if found is None:
            fail(f"no trust bundle in {context.home}: make one with `tocsin keys bundle`", Code.MISSING)
        self._before = found
        self._key = self._read_current()
        self._engine = self._engine_with(self._key)

    def _read_current(self) -> SigningKey:
        try:
            return read_key(self._files.current)
        except FileNotFoundError:
            fail(
                f"there is no key of {self._room} at {self._files.current}: {SETTINGS[self._room]} names the file that "
                "the room reads, and must be set here, too",
                Code.MISSING,
            )

    def _engine_with(self, key: SigningKey) -> Engine:
        engines = [each for each in self._before.statement.engines if each.use == USES[self._room]]
        for engine in engines:
            if any(known.id == key.id for known in engine.keys):
                return engine
        return fail(
            f"{self._files.current} holds {key.id}, which the bundle does not know: type `tocsin keys bundle` first"
        )

    def begin(self) -> None:
        """A new key: into the bundle, to every room, into its place. Both are believed then."""
        files = self._files
        if files.retired.exists() and not files.next.exists():
            fail(f"{self._room} has two keys already: first type `tocsin keys rotate {self._room} --end`")
        if silent := self._silent(room_states.look(self._context)):
            fail(f"{_list(silent)}; nothing has been changed. {_SILENT}", Code.MISSING)
        if not files.next.exists():
            write_key(new_key(), files.next)
        new = read_key(files.next)
        known = any(key.id == new.id for key in self._engine.keys)
        added = (*self._engine.keys, Key(id=new.id, public=new.public))
        made = self._before if known else self._publish(added)
        self._wait(made.statement.serial)
        if not files.retired.exists():  # it broke off between the two lines
            _keep(self._key, files.retired)
        os.utime(files.retired)
        self._put_in_place(new, made)
        self._say_begun(new, read_key(files.retired), made)

    def _put_in_place(self, new: SigningKey, made: Bundle) -> None:
        files = self._files
        if self._key.id == new.id:  # a person has done it
            files.next.unlink()
        elif files.may_be_replaced:
            files.next.replace(files.current)
        else:
            fail(
                f"both keys are believed now (bundle {made.statement.serial}, digest {trust_files.digest(made)}), but "
                f"{files.current} cannot be replaced from here: put {files.next} in its place (of a Secret: "
                f"{files.current.name}), and type this again",
                Code.MISSING,
            )

    def _say_begun(self, new: SigningKey, old: SigningKey, made: Bundle) -> None:
        serial, digest = made.statement.serial, trust_files.digest(made)
        self._context.say(
            f"{self._room} signs with {new.id} from now on, and {old.id} is believed, too (bundle {serial})\n"
            f"its file is {self._files.current}; where {self._room} is given another ({SETTINGS[self._room]}, a "
            "Secret), put this one there before the end\n"
            f"write into the people file, under {self._room}, until the end: keys: [{new.public}, {old.public}]\n"
            f"{_digest(digest)}\n"
            f"after ten minutes: tocsin keys rotate {self._room} --end",
            room=self._room, key=new.id, public=new.public, old=old.id, serial=serial, digest=digest,
            file=str(self._files.current),
        )  # fmt: skip

    def end(self, overlap_s: int) -> None:
        """The old key goes out of the bundle, and its file."""
        retired = self._files.retired
        if not retired.exists():
            fail(f"{self._room} has one key: begin with `tocsin keys rotate {self._room}`")
        old = read_key(retired)
        if self._files.next.exists() or old.id == self._key.id:
            fail(f"{self._room} signs with the old key still: first type `tocsin keys rotate {self._room}` again")
        self._must_be_over(overlap_s)
        kept = tuple(key for key in self._engine.keys if key.id != old.id)
        made = self._before if kept == self._engine.keys else self._publish(kept)
        serial, digest = made.statement.serial, trust_files.digest(made)
        self._wait(serial)
        retired.unlink()
        self._context.say(
            f"{old.id} is believed no more (bundle {serial}); {self._room} signs with {self._key.id}\n"
            f"write into the people file, under {self._room}: keys: [{self._key.public}]\n{_digest(digest)}",
            room=self._room, key=self._key.id, old=old.id, serial=serial, digest=digest,
        )  # fmt: skip

    def _must_be_over(self, overlap_s: int) -> None:
        since = time.time() - self._files.retired.stat().st_mtime
        if since < overlap_s:
            fail(f"both keys are believed for {since:.0f} s now, and what the old one signed may be on its way: type "
                 f"this again in {overlap_s - since:.0f} s", Code.TIMEOUT)  # fmt: skip
        states = room_states.look(self._context)
        if silent := self._silent(states):
            says = "the old key may have signed what it has not read, and that would be refused afterwards"
            fail(f"{_list(silent)}, and {says}. {_SILENT}", Code.MISSING)
        if unread := states.with_unread:
            fail(f"{_list(unread)}, and the old key may have signed some: type this again when they have", Code.TIMEOUT)

    def _silent(self, states: States) -> list[Behind]:
        return [each for each in states.silent if each.room not in self._means.although_silent]

    def _publish(self, keys: tuple[Key, ...]) -> Bundle:
        """The bundle in force with these keys: signed, given to the rooms, and kept."""
        statement = self._before.statement
        engines = tuple(
            each.model_copy(update={"keys": keys}) if each == self._engine else each for each in statement.engines
        )
        now = datetime.now(UTC).replace(microsecond=0)
        changed = statement.model_copy(update={"engines": engines, "serial": statement.serial + 1, "issued": now})
        made = trust_files.sign_bundle(BundleStatement.model_validate(changed.model_dump()), self._means.administrators)
        revoked = frozenset(each.statement.key for each in trust_files.known_revocations(self._context.home))
        trust_files.check_bundle(made, self._context.realm, self._before, revoked)
        self._context.publish(TRUST, "bundle", made)  # before the file: without Kafka nothing has changed
        trust_files.write_bundle(self._context.home, made)
        return made

    def _wait(self, serial: int) -> None:
        end = time.monotonic() + WAIT_S
        while behind := self._behind(serial):
            if time.monotonic() > end:
                fail(f"{_list(behind)}: look at its log, then type this again; it goes on from here", Code.TIMEOUT)
            time.sleep(_AGAIN_S)

    def _behind(self, serial: int) -> list[Behind]:
        states = room_states.look(self._context)
        return [*states.by_older_bundle(serial), *states.without_bundle, *self._silent(states)]


_SILENT = "Start it, say where its door is (TOCSIN_CLI_DOORS), or, of a room that is not in use, --although-silent ROOM"


def _keep(key: SigningKey, path: Path) -> None:
    """Another file of the same key (0600), whole or not at all."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    write_key(key, fresh)
    fresh.replace(path)


def _digest(digest: str) -> str:
    return f"digest, for TOCSIN_BUNDLE_DIGEST of rooms that begin with this bundle: {digest}"


def _list(rooms: list[Behind]) -> str:
    return ", ".join(dict.fromkeys(map(str, rooms)))
