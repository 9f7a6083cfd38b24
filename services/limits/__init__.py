"""How each channel counts a text, and what it can do with one it has sent.

Consumes a text and a channel's name, produces a `Count`.
Side effect: none. Pure functions, one file a channel.
"""

from services.limits import sms, x
from services.limits.capabilities import CAPABILITIES, Capabilities
from services.limits.counting import Count, Limit, UnknownChannelError, normalise
from services.limits.sms import SegmentPolicy, Segments, segments
from services.limits.sms import count as count_sms

__all__ = [
    "CAPABILITIES",
    "LIMITS",
    "Capabilities",
    "Count",
    "Limit",
    "SegmentPolicy",
    "Segments",
    "UnknownChannelError",
    "count",
    "count_sms",
    "normalise",
    "segments",
    "sms",
    "x",
]

LIMITS = {"x": x.LIMIT, "sms": sms.LIMIT}
"""Every channel that can be counted, with its rule and where the rule is written."""

_COUNTERS = {"x": x.count, "sms": sms.count}


def count(channel: str, text: str) -> Count:
    """Measure `text` by the rule of `channel`; raise `UnknownChannelError` for any other name.

    The text is counted as given: pass it through `normalise` first, and send what you counted.
    """
    counter = _COUNTERS.get(channel)
    if counter is None:
        raise UnknownChannelError(channel, sorted(_COUNTERS))
    return counter(text)
