"""Whether a release or withdrawal is believed: what is not stands in the timeline, and on no public page.

Judged at the moment that the record names, because record reads it again years later; a record that names another
moment can at most show again what people did sign.
"""

from schemas.broadcast import Broadcast
from schemas.release import Release, Stop
from schemas.words import Realm
from services.runtime import verifier
from services.runtime.keeper import Keeper
from services.runtime.trusted import NotTrustedError


class Belief:
    """Judges by the trust bundle on this room's own disk."""

    def __init__(self, keeper: Keeper, realm: Realm) -> None:
        """Use `keeper`'s bundle."""
        self._keeper, self._realm = keeper, realm

    @property
    def serial(self) -> int:
        """The bundle's serial, 0 while there is none."""
        return self._keeper.serial if self._keeper.missing() is None else 0

    def rule(self, record: Release | Stop) -> str | None:
        """The rule by which `record` is not believed, or None."""
        try:
            if isinstance(record, Release):
                verifier.release(record, self._keeper.trust, self._realm, record.at)
            else:
                verifier.stop(record, self._keeper.trust, self._realm, record.decision.statement.issued)
        except NotTrustedError as error:
            return error.rule
        return None

    def broadcast(self, record: Release | Stop) -> Broadcast | None:
        """The Broadcast in `record`, where its bytes are what the digest names."""
        try:
            return verifier.broadcast_of(record.broadcast, record.digest, self._realm)
        except NotTrustedError:
            return None
