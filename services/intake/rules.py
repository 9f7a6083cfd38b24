"""Every rule by its name: what it costs, and where it is written. A health department can read and judge this table.

`note` goes on, `hold` waits for a person and is never released automatically, `refuse` is answered to the sender.
A publisher's entry in the register may relax a hold to a note, except those in STRICT.
"""

from enum import IntEnum
from typing import Final


class Cost(IntEnum):
    """What a rule does to a message, mildest first."""

    NOTE = 0
    HOLD = 1
    REFUSE = 2

    @property
    def word(self) -> str:
        """As reports write it."""
        return self.name.lower()


_CAP = "CAP 1.2, https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html"
_ELEMENTS = f"{_CAP} §3.2"
_TIMES = f"{_CAP} §3.3.2"
_SIGNING = f"{_CAP} §3.3.4.1"
_SCHEMA = f"{_CAP} §3.4.1"
_OURS = "README, Decisions"
_IPAWS = "IPAWS Profile 1.0, http://docs.oasis-open.org/emergency/cap/v1.2/ipaws-profile/v1.0/"
_CP = "CAP-CP 0.4, https://www.publicsafety.gc.ca/cnt/mrgnc-mngmnt/mrgnc-prprdnss/capcp/index-en.aspx"
_AU = "CAP-AU-STD 1.0, urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0"
_HIPAA = "45 CFR 164.514(b)(2), https://www.ecfr.gov/current/title-45/section-164.514"

_NOTES: dict[str, str] = {
    # What reading forgave
    "assumed-1.0": _CAP,
    "cap-1.0": _CAP,
    "cap-1.1": _CAP,
    "content-type": _OURS,
    "empty-element": _SCHEMA,
    "language-form": _ELEMENTS,
    "name-characters": _ELEMENTS,
    "no-language": _ELEMENTS,
    "old-word": _ELEMENTS,
    "time-form": _TIMES,
    "utc-form": _TIMES,
    "web-form": _ELEMENTS,
    # What the message says
    "addresses-missing": _ELEMENTS,
    "answer": _ELEMENTS,
    "answer-to-nothing": _ELEMENTS,
    "cancel-without-info": _ELEMENTS,
    "ceiling-alone": _ELEMENTS,
    "ceiling-below": _ELEMENTS,
    "exercise-note": _ELEMENTS,
    "geocode-name": _ELEMENTS,
    "html": _ELEMENTS,
    "inline-resource": _ELEMENTS,
    "language-doubt": _ELEMENTS,
    "mime-type": _ELEMENTS,
    "no-area": _ELEMENTS,
    "no-expires": _ELEMENTS,
    "not-base64": _ELEMENTS,
    "reference-postdated": _ELEMENTS,
    "relative-uri": _ELEMENTS,
    "restriction-scope": _ELEMENTS,
    "same-form": _IPAWS,
    "same-text": _ELEMENTS,
    "several-events": _CP,
    # Where it is
    "dateline": _OURS,
    "geocode-unknown": _OURS,
    "polygon-crosses": _ELEMENTS,
    "polygon-open": _ELEMENTS,
    # Who signed it
    "certificate-expired": _SIGNING,
    "signature-other-failed": _SIGNING,
    "signature-unchecked": _SIGNING,
    "signature-unknown-key": _SIGNING,
    "signature-weak": _SIGNING,
    # Profiles
    "cap-au-cancel": _AU,
    "cap-au-sender": _AU,
    "cap-au-test": _AU,
    "cap-cp-event-code": _CP,
    "cap-cp-info": _CP,
    "cap-cp-languages": _CP,
    "cap-cp-location": _CP,
    "ipaws-eas-org": _IPAWS,
    "ipaws-event-code": _IPAWS,
    "ipaws-expires": _IPAWS,
    "ipaws-geocode": _IPAWS,
    "ipaws-same-event": _IPAWS,
    # Its place among others
    "hand-over": _OURS,
    "partly-unknown-reference": _ELEMENTS,
    "replaces-copy": _OURS,
    "self-reference": _ELEMENTS,
}

_HOLDS: dict[str, str] = {
    # What reading forgave
    "language-unknown": _ELEMENTS,
    "reference-form": _ELEMENTS,
    "schema": _SCHEMA,
    "unknown-element": _SCHEMA,
    "unknown-word": _ELEMENTS,
    "unreadable": _ELEMENTS,
    # What the message says
    "ends-before-start": _ELEMENTS,
    "expired": _ELEMENTS,
    "no-info": _ELEMENTS,
    "not-public": _ELEMENTS,
    "first-poll": _OURS,
    "personal": _HIPAA,
    "sent-in-future": _OURS,
    "stale": _OURS,
    "test-words": _OURS,
    # Where it is
    "circle-syntax": _ELEMENTS,
    "coordinates-range": _ELEMENTS,
    "far-from-country": _OURS,
    "geocode-apart": _OURS,
    "named-apart": _OURS,
    "outside-jurisdiction": _OURS,
    "polygon-points": _ELEMENTS,
    "polygon-syntax": _ELEMENTS,
    "stray-point": _OURS,
    "swapped-axes": _ELEMENTS,
    "too-wide": _OURS,
    # Who it is from
    "certificate-not-valid": _SIGNING,
    "event-not-granted": _OURS,
    "severity-not-granted": _OURS,
    "signature-failed": _SIGNING,
    "signature-not-pinned": _OURS,
    "signature-reindented": _SIGNING,
    "unknown-sender": _OURS,
    # Its place among others
    "after-cancel": _ELEMENTS,
    "alert-with-reference": _ELEMENTS,
    "looks-like": _OURS,
    "no-reference": _ELEMENTS,
    "older-than-newest": _ELEMENTS,
    "several-lineages": _OURS,
    "unknown-reference": _ELEMENTS,
}

_REFUSALS: dict[str, str] = {
    # What cannot be read
    "characters": _SCHEMA,
    "dtd": _OURS,
    "duplicate-key": _OURS,
    "encoding": _SCHEMA,
    "form": _SCHEMA,
    "missing": _ELEMENTS,
    "not-well-formed": _SCHEMA,
    "packed": _OURS,
    "repeated": _SCHEMA,
    "root": _SCHEMA,
    "shape": _SCHEMA,
    "too-deep": _OURS,
    "too-large": _OURS,
    "too-many-points": _OURS,
    "too-much-markup": _OURS,
    "unknown-value": _ELEMENTS,
    # What cannot be taken
    "actual-in-drill": _OURS,
    "draft": _ELEMENTS,
    "identifier-taken": _ELEMENTS,
    "late": _ELEMENTS,
    "pinned-signature-failed": _OURS,
}

RULES: Final[dict[str, tuple[Cost, str]]] = {
    rule: (cost, source)
    for cost, table in ((Cost.NOTE, _NOTES), (Cost.HOLD, _HOLDS), (Cost.REFUSE, _REFUSALS))
    for rule, source in table.items()
}
REFUSALS: Final = tuple(sorted(_REFUSALS))
#: Holds that no publisher's entry relaxes: each protects somebody other than that publisher.
STRICT: Final = frozenset(
    {"looks-like", "outside-jurisdiction", "personal", "signature-failed", "signature-not-pinned", "unknown-sender"}
)
