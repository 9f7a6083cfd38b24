"""Guidance packs: reviewed safety instructions for one hazard, each sentence with the facts behind it.

One file a hazard in templates/guidance (DESIGN §7). The digest is over the parsed content, so that a comment may change
and a word may not.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from schemas.base import Digest, Language
from services.compose.reading import Data, DataError, Line, read_as, read_yaml
from services.runtime import trust

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
Form = Literal["long", "short", "minimum"]


class Source(Data):
    """Where a fact was read. `how`: stored copy or archive of the authority's page, retold by another, from memory."""

    authority: Line
    address: Annotated[str, StringConstraints(pattern=r"^https?://")]
    read_on: Day
    how: Literal["opened", "stored", "archive", "retold", "memory"]


class Fact(Data):
    """One thing that an authority says, as a note and never as a sentence to send."""

    says: Line
    sources: tuple[Id, ...] = Field(min_length=1)


class Parameter(Data):
    """What authorities disagree on, or what only a place knows; the jurisdiction gives its value."""

    kind: Literal["quantity", "text"]
    unit: Id | None = None
    means: Line
    differs: Line
    required: bool


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
    """One language: what the hazard is called at the head of a text and inside one, and its sentences."""

    name: Line
    about: Line
    minimum: Sentences
    short: Sentences
    long: Sentences
    end: Sentences

    def form(self, form: Form) -> tuple[Sentence, ...]:
        """The sentences of one written form."""
        return {"long": self.long, "short": self.short, "minimum": self.minimum}[form]

    def all(self) -> Iterable[Sentence]:
        """Every sentence of every form."""
        return (*self.minimum, *self.short, *self.long, *self.end)


class Matching(Data):
    """Which alerts are this hazard. `sure` codes decide alone, `possible` ones need words; `never` words forbid."""

    sure: dict[str, tuple[str, ...]] = Field({})
    possible: dict[str, tuple[str, ...]] = Field({})
    words: dict[Language, tuple[Line, ...]]
    never: dict[Language, tuple[Line, ...]] = Field({})


class Pack(Data):
    """One hazard. `until`: show the alert's expiry, say "until further notice", or say nothing of an end."""

    id: Id
    version: str
    status: Literal["draft", "approved"]
    reviewed_by: tuple[Line, ...]
    review_by: Day
    match: Matching
    until: Literal["expires", "notice", "none"]
    contacts: tuple[Id, ...] = Field(min_length=1)
    sources: dict[Id, Source]
    facts: dict[Id, Fact]
    parameters: dict[Id, Parameter]
    slots: dict[Id, Slot]
    languages: dict[Language, Wording] = Field(min_length=1)
    digest: Digest

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for name, fact in self.facts.items():
            if unknown := set(fact.sources) - set(self.sources):
                raise ValueError(f"fact {name} names sources that are not there: {sorted(unknown)}")
        for language, wording in self.languages.items():
            for sentence in wording.all():
                if unknown := set(sentence.facts) - set(self.facts):
                    raise ValueError(f"{language}/{sentence.id} names facts that are not there: {sorted(unknown)}")
        if self.status == "approved" and not self.reviewed_by:
            raise ValueError("an approved pack names who reviewed it")
        return self

    def sources_of(self, sentences: Iterable[Sentence]) -> list[str]:
        """The ids of the sources behind these sentences, in the pack's order."""
        used = {source for s in sentences for fact in s.facts for source in self.facts[fact].sources}
        return [source for source in self.sources if source in used]


_PACK = TypeAdapter(Pack)


def digest_of(content: dict[str, Any]) -> str:
    """The digest of a pack's parsed content."""
    return trust.digest_of(trust.canonical(content))


def read_pack(path: Path) -> Pack:
    """One pack, or DataError. The file is named for its id."""
    content = read_yaml(path)
    if not isinstance(content, dict) or "digest" in content:
        raise DataError(f"{path}: a pack is a mapping, and its digest is computed, not written")
    pack = read_as(_PACK, path, lambda found: {**found, "digest": digest_of(found)})
    if pack.id != path.stem:
        raise DataError(f"{path}: the pack calls itself {pack.id}; name the file {pack.id}.yaml")
    return pack


def read_packs(folder: Path) -> dict[str, Pack]:
    """All packs of a folder by their id, or DataError."""
    packs = {path.stem: read_pack(path) for path in sorted(folder.glob("*.yaml"))}
    if not packs:
        raise DataError(f"{folder} holds no guidance packs; check TOCSIN_COMPOSE_TEMPLATES")
    return packs
