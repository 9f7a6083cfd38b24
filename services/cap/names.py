"""The name of a message. CAP 1.2 §3.2.1: sender, identifier and sent together name one message for ever.

https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html (alert/references)
"""

import hashlib
from datetime import datetime

from schemas.base import second_text
from schemas.cap import CapAlert, Reference


def message_key(sender: str, identifier: str, sent: datetime) -> str:
    """32 hexadecimal digits that stand for one message: the same moment in another offset is the same message.

    128 bits, so that nobody can make two messages with one key. Parts are joined by a newline, which no element holds.
    """
    name = "\n".join((sender, identifier, second_text(sent)))
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def key_of(message: CapAlert | Reference) -> str:
    """The key of a message, or of the message that a reference names."""
    return message_key(message.sender, message.identifier, message.sent)
