"""What people sign about an alert of which no texts could be made: the hash of what compose said instead."""

from schemas.broadcast import Held
from services.runtime import trust

#: When it was said and until when: another moment is no other question.
_MOMENTS = {"held", "deadline"}


def digest_of(record: Held) -> str:
    """SHA-256 over the canonical form of what is held and why, without its moments.

    Compose says the same again after a restore of its store: a decision about it still stands. Other findings are
    another digest, and are asked about anew.
    """
    said = record.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_MOMENTS)
    return trust.digest_of(trust.canonical(said))
