"""alert/references: earlier messages as `sender,identifier,sent`, separated by blanks.

CAP 1.2 §3.2.1, https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html
"""

from schemas.cap import Reference
from services.cap.reading import CapError
from services.cap.times import read_time, write_time

EXPECTED = "sender,identifier,sent, several of them separated by blanks"
#: More than any lineage has. Real messages name up to 30.
LIMIT = 1000
_PARTS = 3


def read_references(text: str) -> tuple[tuple[Reference, ...], int]:
    """The references that could be read, each once and in order, and how many could not."""
    references: dict[Reference, None] = {}
    unreadable = 0
    for token in text.split():
        reference = _read_one(token)
        if reference is None:
            unreadable += 1
        else:
            references[reference] = None
    return tuple(references), unreadable


def _read_one(token: str) -> Reference | None:
    parts = token.split(",")
    sent = read_time(parts[-1])
    if len(parts) != _PARTS or sent is None or not (parts[0] and parts[1]):
        return None
    return Reference(sender=parts[0], identifier=parts[1], sent=sent)


def write_references(references: tuple[Reference, ...]) -> str:
    """The element's text. A name with a blank or a comma cannot be written here: CAP forbids both in names."""
    for reference in references:
        if _splits(reference.sender) or _splits(reference.identifier):
            raise CapError("references", "A reference holds a name with a blank or a comma", element="references",
                           expected=EXPECTED)  # fmt: skip
    return " ".join(f"{one.sender},{one.identifier},{write_time(one.sent)}" for one in references)


def _splits(name: str) -> bool:
    return not name or "," in name or name.split() != [name]
