"""The jurisdiction: the place whose names, areas, parameters, contacts, languages and accounts fill the texts."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, TypeAdapter, model_validator

from schemas.base import Language
from schemas.words import Channel
from services.place.reading import Data, Id, Line, read_as, zone_name

Position = tuple[float, float]
#: How the end of a hazard is said: the alert's expiry, "until further notice", or nothing.
Until = Literal["expires", "notice", "none"]
Value = int | Line | dict[Language, Line]


def _several(names: object) -> object:
    """One name is a list of one."""
    return (names,) if isinstance(names, str) else names


def _ring(ring: tuple[Position, ...]) -> tuple[Position, ...]:
    if ring[0] != ring[-1]:
        raise ValueError("an outline ends where it begins: repeat the first position")
    return ring


class Account(Data):
    """Who speaks on one channel. A sandbox account may only ever reach loopback."""

    name: Line
    sandbox: bool = False


class Region(Data):
    """One area: its code, what people call it, what alerts call it, and its outline as [longitude, latitude]."""

    code: Id
    whole: bool = False
    names: dict[Language, Line]
    parts: dict[Language, Line] = Field({})
    geocodes: dict[str, tuple[str, ...]] = Field({})
    outline: Annotated[tuple[Position, ...], Field(min_length=4), AfterValidator(_ring)]


class Jurisdiction(Data):
    """One place. `page` is the address under which pages of record stand."""

    id: Id
    fictional: bool = False
    names: dict[Language, Line]
    issuer: dict[Language, Line]
    timezone: Annotated[str, AfterValidator(zone_name)]
    clock: Literal[12, 24]
    languages: tuple[Language, ...] = Field(min_length=1)
    emergency_number: Line
    units: Literal["us", "metric"] = "us"
    #: The public indexes of this place, from which a severity may be read that a sender leaves Unknown.
    indexes: tuple[Id, ...] = ()
    #: How the end of a hazard is said here, where that is not as its pack says it.
    until: dict[Id, Until] = Field({})
    page: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+/$")]
    accounts: dict[Channel, Account]
    areas: tuple[Region, ...] = Field(min_length=1)
    parameters: dict[Id, Value] = Field({})
    #: For each kind one contact or several: the first that is for the alert's areas is named.
    contacts: dict[Id, Annotated[tuple[Id, ...], BeforeValidator(_several)]] = Field({})

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for language in self.languages:
            named: list[tuple[str, dict[str, Any]]] = [("names", self.names), ("issuer", self.issuer)]
            named += [(f"area {area.code}", area.names) for area in self.areas]
            named += [(f"area {area.code}, parts", area.parts) for area in self.areas if area.whole]
            named += [(name, value) for name, value in self.parameters.items() if isinstance(value, dict)]
            if missing := [where for where, words in named if language not in words]:
                raise ValueError(f"these have no wording in {language}: {', '.join(missing)}")
        if len({area.code for area in self.areas}) != len(self.areas):
            raise ValueError("two areas have one code")
        if sum(area.whole for area in self.areas) != 1:
            raise ValueError("one area, and only one, is the whole")
        if self.whole.code != self.id:
            raise ValueError(
                f"the whole's code is the jurisdiction's own: write {self.id} in place of {self.whole.code}"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its people read a clock."""
        return ZoneInfo(self.timezone)

    @property
    def whole(self) -> Region:
        """The area that is all the others together."""
        return next(area for area in self.areas if area.whole)

    @property
    def all_contacts(self) -> frozenset[str]:
        """Every contact that it names."""
        return frozenset(name for names in self.contacts.values() for name in names)

    @property
    def is_sandbox(self) -> bool:
        """Whether nothing said here can reach anybody: a made-up place whose accounts are all sandbox accounts."""
        return self.fictional and all(account.sandbox for account in self.accounts.values())

    def page_of(self, lineage: str) -> str:
        """The address of one lineage's page of record: short, because texts pay by the character."""
        return self.page + page_name(lineage)


def page_name(lineage: str) -> str:
    """The last part of that address: the first eight characters of the lineage's hash."""
    return lineage.rpartition(":")[2][:8]


_JURISDICTION = TypeAdapter(Jurisdiction)


def read_jurisdiction(path: Path, setting: str) -> Jurisdiction:
    """The jurisdiction in `path`, or DataError, which names the variable or option that names the file."""
    return read_as(_JURISDICTION, path, setting=setting)
