"""Guidance packs: reviewed safety instructions for one hazard, each sentence with the facts behind it.

One file a hazard in templates/guidance, read by `services.compose.packfiles`. A further language is a file
of its own beside it, with its own digest, so that its approval is its own too.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Digest, Language
from schemas.cap import Category, ResponseType
from schemas.words import Severity
from services.place.jurisdiction import Until
from services.place.reading import Data, Day, Id, Line

Address = Annotated[str, StringConstraints(pattern=r"^https?://")]
Form = Literal["long", "short", "minimum"]
Role = Literal["risk", "wrong", "emergency", "clinic", "poison"]
#: What would harm in some hazards: an instruction to boil, or to go to the basement.
Harm = Literal["boil", "basement"]
#: The pack of an alert that has none: "follow the instruction of the issuer". Never released automatically.
GENERAL = "general"


class Source(Data):
    """Where a fact was read. `how`: opened live, stored copy or archive of the authority's page, retold, from memory.

    `address` is null where only the authority is known; `locator` says where on it, as far as that is known.
    """

    authority: Line
    address: Address | None
    locator: Line | None = None
    read_on: Day
    how: Literal["opened", "stored", "archive", "retold", "memory"]

    @property
    def is_first_hand(self) -> bool:
        """Whether it was read at the authority itself, live or in a stored copy."""
        return self.how in {"opened", "stored", "archive"}


class Fact(Data):
    """One thing that an authority says, as a note and never as a sentence to send."""

    says: Line
    sources: tuple[Id, ...] = Field(min_length=1)


class Parameter(Data):
    """What authorities disagree on, or what only a place knows; the jurisdiction gives its value.

    A quantity below `least` or above `most` is a slip of the pen that could harm, and is refused.
    """

    kind: Literal["quantity", "text"]
    unit: Id | None = None
    means: Line
    differs: Line
    least: int | None = None
    most: int | None = None
    required: bool

    def holds(self, value: int) -> bool:
        """Whether a quantity lies between the ends."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


class Slot(Data):
    """What only one alert knows: a CAP parameter of this name, or `recompose --slot`."""

    kind: Literal["name", "moment", "period"]
    means: Line
    required: bool


class Sentence(Data):
    """One instruction. The same `id` is the same step in every form and language."""

    id: Id
    text: Line
    facts: tuple[Id, ...]


Sentences = Annotated[tuple[Sentence, ...], Field(min_length=1)]


class Wording(Data):
    """One language: what the hazard is called at the head of a text and inside one, and its sentences.

    `end` is what to do when it is over, `error` what to do when the alert was a mistake, and `why` what each step of
    the long form does for you.
    """

    name: Line
    about: Line
    minimum: Sentences
    short: Sentences
    long: Sentences
    end: Sentences
    error: tuple[Sentence, ...] = ()
    why: dict[Id, Line] = Field({})

    def form(self, form: Form) -> tuple[Sentence, ...]:
        """The sentences of one written form."""
        return {"long": self.long, "short": self.short, "minimum": self.minimum}[form]

    def all(self) -> Iterable[Sentence]:
        """Every sentence of every form."""
        return (*self.minimum, *self.short, *self.long, *self.end, *self.error)


class Matching(Data):
    """Which alerts are this hazard. `sure` codes decide alone, `possible` ones need words; `never` words forbid.

    `all` are words that decide together, wherever they stand. An alert with only categories of `never_category`, or a
    response type of `never_response`, is for a person.
    """

    sure: dict[str, tuple[str, ...]] = Field({})
    possible: dict[str, tuple[str, ...]] = Field({})
    words: dict[Language, tuple[Line, ...]]
    all: dict[Language, tuple[tuple[Line, ...], ...]] = Field({})
    never: dict[Language, tuple[Line, ...]] = Field({})
    never_category: tuple[Category, ...] = ()
    never_response: tuple[ResponseType, ...] = ()


class IndexClass(Data):
    """One class of a public index: its numbers, its words, and the severity that we read from it.

    `scale` is the index; which ones are in use is the jurisdiction's to say: a number means another class elsewhere.
    """

    scale: Id
    severity: Severity
    numbers: tuple[int, int]
    words: tuple[Line, ...]


class Translation(Data):
    """A further language of a pack, in a file of its own: its own version, review and digest."""

    pack: Id
    language: Language
    version: str
    status: Literal["draft", "approved"]
    reviewed_by: tuple[Line, ...]
    review_by: Day
    wording: Wording
    digest: Digest


class Pack(Data):
    """One hazard. `until`: show the alert's expiry, say "until further notice", or say nothing of an end.

    `incomplete` says what is missing before a review can begin; a complete pack has nothing there.
    """

    id: Id
    version: str
    status: Literal["draft", "approved"]
    reviewed_by: tuple[Line, ...]
    review_by: Day
    incomplete: tuple[Line, ...] = ()
    match: Matching
    until: Until
    contacts: tuple[Id, ...] = Field(min_length=1)
    forbids: tuple[Harm, ...] = ()
    index: tuple[IndexClass, ...] = ()
    sources: dict[Id, Source]
    facts: dict[Id, Fact]
    parameters: dict[Id, Parameter]
    slots: dict[Id, Slot]
    roles: dict[Role, tuple[Id, ...]] = Field({})
    languages: dict[Language, Wording] = Field(min_length=1)
    digest: Digest
    translations: dict[Language, Translation] = Field({})

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for name, fact in self.facts.items():
            if unknown := set(fact.sources) - set(self.sources):
                raise ValueError(f"fact {name} names sources that are not there: {sorted(unknown)}")
        for language, wording in self.languages.items():
            self._check(language, wording)
        if self.status == "approved" and not self.reviewed_by:
            raise ValueError("an approved pack names who reviewed it")
        return self

    def _check(self, language: str, wording: Wording) -> None:
        steps = {sentence.id for sentence in wording.long}
        for sentence in wording.all():
            if unknown := set(sentence.facts) - set(self.facts):
                raise ValueError(f"{language}/{sentence.id} names facts that are not there: {sorted(unknown)}")
        named = {step for role in self.roles.values() for step in role} | set(wording.why)
        if strange := named - steps:
            raise ValueError(f"{language} has no steps {sorted(strange)}, which roles or why name")

    @property
    def is_complete(self) -> bool:
        """Whether a review can begin."""
        return not self.incomplete

    def first_hand(self) -> list[str]:
        """The facts that were read at an authority itself, live or in a stored copy of its page."""
        return [name for name, fact in self.facts.items() if any(self.sources[s].is_first_hand for s in fact.sources)]

    def files(self) -> dict[str, str]:
        """The digest of every file of this pack: its own under "", and one for each further language."""
        return {"": self.digest} | {language: found.digest for language, found in self.translations.items()}
