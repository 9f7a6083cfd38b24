"""A Cancel without info says only what it cancels: event, area and audience are those of that message.

So its follow-up reaches exactly the people whom the first one reached (CAP 1.2 §3.2.1, msgType).
"""

from collections.abc import Iterable

from schemas.cap import CapAlert, Info, Urgency


def completed(cancel: CapAlert, cancelled: Iterable[CapAlert]) -> CapAlert:
    """The Cancel with the infos of the newest cancelled message that has any; as it is where none has."""
    newest = next((one for one in sorted(cancelled, key=lambda one: one.sent, reverse=True) if one.info), None)
    if newest is None:
        return cancel
    return cancel.model_copy(update={"info": tuple(map(_withdrawn, newest.info))})


def _withdrawn(info: Info) -> Info:
    """What the message was about and for whom, without its words, its times and its files."""
    kept = ("language", "category", "event", "severity", "certainty", "audience", "event_code", "sender_name", "area")
    return Info.model_validate({name: getattr(info, name) for name in kept} | {"urgency": Urgency.PAST})
