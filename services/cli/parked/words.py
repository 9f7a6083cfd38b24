"""What a parked record means, in words: for the room, for people, and what helps. Pure."""

from services.runtime.decoding import UnreadableError

#: What has not had its effect, by the topic on which the record came.
EFFECTS = {
    "alerts.incoming": "an agency's message has not been judged",
    "alerts.refused": "that a message was refused is not told",
    "answers": "a publisher's answer is not on the board",
    "bytes.read": "who has read held bytes is not on record",
    "approvals": "where an approval stands is not told",
    "alerts.accepted": "an alert goes no further in this room",
    "broadcasts.composed": "texts that were composed do not get on in this room",
    "broadcasts.held": "a held alert is not followed here",
    "recompositions": "a person's wish for other texts was not carried out",
    "audiences.estimated": "the number of people is not known here",
    "broadcasts.decided": "a person's decision does not count",
    "broadcasts.released": "a release is not carried out by this room: nothing is sent, nobody selected",
    "broadcasts.withheld": "this room does not know that a text was withheld",
    "broadcasts.stopped": "a WITHDRAWAL, pause or resume was not carried out by this room",
    "batches": "up to 500 people are not texted",
    "receipts": "up to 500 delivery reports are not counted",
    "replies": "a STOP, START or HELP was not heard",
    "deliveries": "the board and the public page do not show some deliveries",
    "trust": "this room does not know a new trust bundle or a revoked key",
    "alarms": "an alarm is not shown",
}
#: The record only follows: nothing is held up by what it cannot read.
_NOT_SHOWN = "the board and the public page do not show it; what it is about goes on"
_STRANGE = "it is nothing that this topic carries: another program wrote it, or it was damaged"
_FAILED = "the room failed on it, though it can be read"
_MEND = (
    "tocsin parked drop {record} --as NAME --reason WHY, for every room; have an alert sent again; who writes there?"
)
_CURE = (
    "mend what the cause names, then: tocsin parked replay {id} --as NAME --reason WHY; a mistake in Tocsin itself: "
    "`tocsin doctor --bundle FILE`, and report it"
)


def effect_of(topic: str, room: str = "") -> str:
    """What has not happened because of it. `topic` is the full name, with the realm's beginning."""
    if room == "record":
        return _NOT_SHOWN
    name = topic.removeprefix("drill.")
    return EFFECTS.get(name) or EFFECTS.get(name.split(".", maxsplit=1)[0]) or "it has not had its effect in this room"


def is_strange(error: str) -> bool:
    """Whether the record itself is wrong, not the handling of it."""
    return error == UnreadableError.__name__


def why(error: str) -> str:
    """What is wrong with it, by the error's type."""
    return _STRANGE if is_strange(error) else _FAILED


def cure(error: str, identifier: str) -> str:
    """What helps, most likely: what no room can read is dropped in all of them, what one room failed on is its own."""
    record = identifier.partition("#")[0]
    return (_MEND if is_strange(error) else _CURE).format(record=record, id=identifier)
