"""What a key may publish: in its own name only, and with a test key nothing that is meant for people."""

from schemas.cap import Status
from services.agency.keys import Caller
from services.cap.read import read
from services.cap.reading import CapError
from services.place.publishers import Register

_FOR_NOBODY = frozenset({Status.EXERCISE, Status.TEST, Status.SYSTEM})


def objection(caller: Caller, data: bytes, content_type: str, publishers: Register) -> str | None:
    """Why this key may not publish these bytes, in a sentence; None where it may.

    What cannot be read may pass: intake refuses it and says what is wrong with it, which is what its sender wants.
    """
    try:
        alert = read(data, content_type).alert
    except CapError:
        return None
    if caller.test and alert.status not in _FOR_NOBODY:
        return "this is a test key: send status Test or Exercise, or use your live key"
    owner = publishers.of(alert.sender)
    if owner is not None and owner.id != caller.agency:
        return "sender is another publisher's: a key publishes in its own name only"
    return None
