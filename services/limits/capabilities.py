"""What each channel can do with a message that it has already sent."""

from dataclasses import dataclass
from typing import Final, Literal

Support = Literal["yes", "account", "no"]
"""`account`: only where the account's plan or permission allows it, so a setting says."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One channel's means of correcting, and how a doubtful outcome is settled."""

    edit: Support
    """A sent message can be changed in place, visibly, under the same id."""
    reply: Support
    """A second message can be hung under the first."""
    quote: Support
    """A second message can show the first inside it."""
    delete: Support
    """A sent message can be made to disappear from its readers."""
    idempotent: bool
    """Sending again under the same key cannot make a second message."""
    look_up: str
    """How a message whose outcome is unknown is searched for."""
    source: str
    """Address of the page or document that says so."""


CAPABILITIES: Final = {
    # Editing needs Premium, ends after an hour and makes a new id, so it is not counted on.
    # Self-serve plans lost quote posts and unsummoned replies in 2026; whether a reply to one's
    # own post is exempt is not documented, so the account's setting decides.
    "x": Capabilities(
        edit="no",
        reply="account",
        quote="no",
        delete="yes",
        idempotent=False,
        look_up="own timeline, exact text",
        source="https://docs.x.com/changelog",
    ),
    # Deleting a Message resource removes Twilio's log of it, not the text on the phone.
    "sms": Capabilities(
        edit="no",
        reply="no",
        quote="no",
        delete="no",
        idempotent=False,
        look_up="status callback with our delivery id, else list by To, date and body",
        source="https://www.twilio.com/docs/messaging/api/message-resource",
    ),
}
