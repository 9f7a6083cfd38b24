"""CAP 1.2 as pydantic: the content of one alert, in CAP's own element names.

Source of every name, cardinality and value: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html §3.2.
Polygons and circles stay CAP's strings ("lat,lon lat,lon …"): they are large and only audience reads them.
Times keep the offset that the sender wrote; comparing them is right, showing them needs the jurisdiction's zone.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from schemas.base import Language, Part
from schemas.words import Severity

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
#: CAP forbids blanks, commas, < and & in names; real senders use them ("OB Self Test"). Intake notes it.
Name = Text


class Status(StrEnum):
    """alert/status."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """alert/msgType."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Scope(StrEnum):
    """alert/scope."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Category(StrEnum):
    """info/category."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class ResponseType(StrEnum):
    """info/responseType."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class Urgency(StrEnum):
    """info/urgency."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """info/certainty. CAP 1.0's "Very Likely" is read as Likely (CAP 1.2 §3.2.2)."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class CapPart(Part):
    """An element with children. Field names are ours, aliases are CAP's."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class NamedValue(CapPart):
    """eventCode, parameter and geocode: a value and the name of the list that it comes from."""

    value_name: str = Field(alias="valueName")
    value: str


class Resource(CapPart):
    """info/resource."""

    resource_desc: str = Field(alias="resourceDesc")
    mime_type: str | None = Field(None, alias="mimeType")
    size: int | None = None
    uri: str | None = None
    deref_uri: str | None = Field(None, alias="derefUri")
    digest: str | None = None


class Area(CapPart):
    """info/area."""

    #: Required, and empty in real tsunami bulletins.
    area_desc: str = Field(alias="areaDesc")
    polygon: tuple[str, ...] = ()
    circle: tuple[str, ...] = ()
    geocode: tuple[NamedValue, ...] = ()
    altitude: str | None = None
    ceiling: str | None = None


class Info(CapPart):
    """alert/info: one language, one event."""

    language: Language = "en-US"
    category: tuple[Category, ...] = Field(min_length=1)
    event: Text
    response_type: tuple[ResponseType, ...] = Field((), alias="responseType")
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    audience: str | None = None
    event_code: tuple[NamedValue, ...] = Field((), alias="eventCode")
    effective: AwareDatetime | None = None
    onset: AwareDatetime | None = None
    expires: AwareDatetime | None = None
    sender_name: str | None = Field(None, alias="senderName")
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameter: tuple[NamedValue, ...] = ()
    resource: tuple[Resource, ...] = ()
    area: tuple[Area, ...] = ()


class Reference(CapPart):
    """One earlier message, as alert/references names it: sender,identifier,sent."""

    sender: str
    identifier: str
    sent: AwareDatetime


class CapAlert(CapPart):
    """alert: the message as its sender wrote it."""

    identifier: Name
    sender: Name
    sent: AwareDatetime
    status: Status
    msg_type: MsgType = Field(alias="msgType")
    scope: Scope
    source: str | None = None
    restriction: str | None = None
    addresses: str | None = None
    code: tuple[str, ...] = ()
    note: str | None = None
    references: tuple[Reference, ...] = ()
    incidents: str | None = None
    info: tuple[Info, ...] = ()
