"""STOP, START and HELP where Twilio answers them itself (Advanced Opt-Out).

Words: https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-. The webhook
then carries OptOutType, and the receiver must not answer again.
"""

from typing import Final, Literal

OptOutType = Literal["STOP", "START", "HELP"]

_STOP: Final = frozenset({
    "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout",
})  # fmt: skip
_START: Final = frozenset({"start", "yes", "unstop"})
_HELP: Final = frozenset({"help", "info"})

CONFIRMATIONS: Final[dict[OptOutType, str]] = {
    "STOP": "You have been unsubscribed and will get no more messages from this number. Reply START to resubscribe.",
    "START": "You have been resubscribed and will get messages from this number again. Reply STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg & data rates may apply.",
}
"""Our own wording: Twilio's can be set by each account."""


def keyword(body: str) -> OptOutType | None:
    """The keyword that a whole reply is, or None."""
    word = body.strip().lower()
    if word in _STOP:
        return "STOP"
    if word in _START:
        return "START"
    return "HELP" if word in _HELP else None
