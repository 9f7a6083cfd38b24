"""One engine's change of keys, in two steps that may each be done again.

The bundle comes first, the key after it: no room is ever asked to believe a key that it does not know.
"""

import os
import time
from datetime import UTC, datetime

from schemas.topics import TRUST
from schemas.trust import Bundle, BundleStatement, Engine, Key
from services.cli.context import Context
from services.cli.errors import Code, fail
from services.cli.keys import trust_files
from services.cli.room_states import Behind, by_older_bundle, with_unread
from services.runtime.trust import SigningKey, new_key, read_key, write_key

USES = {"approve": "release", "audience": "batch"}
WAIT_S = 60.0
_AGAIN_S = 0.2


class Rotation:
    """The files say how far it is: `next.pem` waits for its bundle, `retired.pem` for its end."""

    def __init__(self, context: Context, room: str, administrators: dict[str, SigningKey]) -> None:
        """Of `room`'s key in the realm's folder. Fails with a sentence when there is no bundle that knows it."""
        self._context, self._room, self._administrators = context, room, administrators
        self._path = trust_files.key_path(context.home, room)
        self._next, self._retired = self._path.with_suffix(".next.pem"), self._path.with_suffix(".retired.pem")
        found = trust_files.current_bundle(context.home)
        if found is None:
            fail(f"no trust bundle in {context.home}: make one with `tocsin keys bundle`", Code.MISSING)
        self._before = found
        self._key = read_key(self._path)
        self._engine = self._engine_with(self._key)

    def _engine_with(self, key: SigningKey) -> Engine:
        engines = [each for each in self._before.statement.engines if each.use == USES[self._room]]
        for engine in engines:
            if any(known.id == key.id for known in engine.keys):
                return engine
        return fail(f"{self._path} holds {key.id}, which the bundle does not know: type `tocsin keys bundle` first")

    def begin(self) -> None:
        """A new key: into the bundle, to every room, into its place. Both are believed then."""
        if self._retired.exists() and not self._next.exists():
            fail(f"{self._room} has two keys already: first type `tocsin keys rotate {self._room} --end`")
        if not self._next.exists():
            write_key(new_key(), self._next)
        new = read_key(self._next)
        known = any(key.id == new.id for key in self._engine.keys)
        added = (*self._engine.keys, Key(id=new.id, public=new.public))
        serial = (self._before if known else self._publish(added)).statement.serial
        self._wait(serial)
        if not self._retired.exists():  # it broke off between the two lines
            os.link(self._path, self._retired)
        os.utime(self._retired)
        self._next.replace(self._path)
        self._context.say(
            f"{self._room} signs with {new.id} from now on, and {self._key.id} is believed, too (bundle {serial})\n"
            f"write into the people file, under {self._room}: keys: [{new.public}]\n"
            f"after ten minutes: tocsin keys rotate {self._room} --end",
            room=self._room, key=new.id, public=new.public, old=self._key.id, serial=serial,
        )  # fmt: skip

    def end(self, overlap_s: int) -> None:
        """The old key goes out of the bundle, and its file."""
        if not self._retired.exists():
            fail(f"{self._room} has one key: begin with `tocsin keys rotate {self._room}`")
        self._must_be_over(overlap_s)
        old = read_key(self._retired)
        kept = tuple(key for key in self._engine.keys if key.id != old.id)
        serial = (self._before if kept == self._engine.keys else self._publish(kept)).statement.serial
        self._wait(serial)
        self._retired.unlink()
        self._context.say(
            f"{old.id} is believed no more (bundle {serial}); {self._room} signs with {self._key.id}",
            room=self._room, key=self._key.id, old=old.id, serial=serial,
        )  # fmt: skip

    def _must_be_over(self, overlap_s: int) -> None:
        since = time.time() - self._retired.stat().st_mtime
        if since < overlap_s:
            fail(f"both keys are believed for {since:.0f} s now, and what the old one signed may be on its way: type "
                 f"this again in {overlap_s - since:.0f} s", Code.TIMEOUT)  # fmt: skip
        if unread := with_unread(self._context):
            fail(f"{_list(unread)}, and the old key may have signed some: type this again when they have", Code.TIMEOUT)

    def _publish(self, keys: tuple[Key, ...]) -> Bundle:
        """The bundle in force with these keys: signed, given to the rooms, and kept."""
        statement = self._before.statement
        engines = tuple(
            each.model_copy(update={"keys": keys}) if each == self._engine else each for each in statement.engines
        )
        now = datetime.now(UTC).replace(microsecond=0)
        changed = statement.model_copy(update={"engines": engines, "serial": statement.serial + 1, "issued": now})
        made = trust_files.sign_bundle(BundleStatement.model_validate(changed.model_dump()), self._administrators)
        revoked = frozenset(each.statement.key for each in trust_files.known_revocations(self._context.home))
        trust_files.check_bundle(made, self._context.realm, self._before, revoked)
        self._context.publish(TRUST, "bundle", made)  # before the file: without Kafka nothing has changed
        trust_files.write_bundle(self._context.home, made)
        return made

    def _wait(self, serial: int) -> None:
        end = time.monotonic() + WAIT_S
        while older := by_older_bundle(self._context, serial):
            if time.monotonic() > end:
                fail(f"{_list(older)}: look at its log, then type this again; it goes on from here", Code.TIMEOUT)
            time.sleep(_AGAIN_S)


def _list(rooms: list[Behind]) -> str:
    return ", ".join(map(str, rooms))
