"""The public page of record of one lineage: what was released, newest first, and which of it still holds. Pure.

Only renditions that were released stand here, character for character, and only those for everybody; everything
around them is our own labels. The order is the dispatchers' (version, revision, take-back), not that of arrival.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.broadcast import Broadcast, Rendition
from schemas.cap import Scope
from schemas.words import BroadcastKind, Channel

PUBLIC = "public"
FORMS = ("long", "short", "minimum")


class Holds(StrEnum):
    """Whether people should go by an edition."""

    IN_FORCE = "in_force"
    ENDED = "ended"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class EditionKind(StrEnum):
    """What an edition is."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    CANCEL = "cancel"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True)
class Released:
    """A Broadcast, when it was released, and when somebody took it back."""

    broadcast: Broadcast
    digest: str
    at: datetime
    withdrawn: datetime | None = None


@dataclass(frozen=True)
class Text:
    """What one channel says in one language, a part a message."""

    channel: Channel
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Everything in one language, the fullest text first."""

    language: str
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Edition:
    """One thing that people were told. `ends` is when it ends by itself; `gone` when it was replaced or withdrawn."""

    kind: EditionKind
    version: int
    revision: int
    digest: str
    at: datetime
    ends: datetime
    holds: Holds
    gone: datetime | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A lineage as everybody may see it. `editions` has the current one first."""

    lineage: str
    issuer: str
    hazard: str
    severity: str
    drill: bool
    #: Written for a place that does not exist: it reached sandbox accounts only.
    fictional: bool
    editions: tuple[Edition, ...]

    @property
    def current(self) -> Edition:
        """What holds now, or held last."""
        return self.editions[0]

    @property
    def holds(self) -> Holds:
        """What the page says at its head."""
        return Holds.WITHDRAWN if self.current.kind is EditionKind.WITHDRAWAL else self.current.holds

    @property
    def short(self) -> str:
        """The address that texts name: the lineage's first eight characters."""
        return self.lineage[:8]

    @property
    def first(self) -> datetime:
        """When people were first told anything."""
        return min(edition.at for edition in self.editions)


def page_of(released: Iterable[Released], now: datetime, *, drill: bool) -> Page | None:
    """The page of one lineage; None where nothing of it is for the public."""
    public = [each for each in released if each.broadcast.scope is Scope.PUBLIC]
    if not public:
        return None
    ordered = sorted(public, key=lambda each: (each.broadcast.version, each.broadcast.revision), reverse=True)
    editions: list[Edition] = []
    for each in ordered:
        newer = editions[-1] if editions else None
        if each.withdrawn is not None:
            editions.append(_withdrawal(each, newer))
            newer = editions[-1]
        editions.append(_edition(each, newer, now))
    newest = ordered[0].broadcast
    return Page(
        newest.lineage, newest.issuer, newest.hazard, newest.severity.value, drill, bool(newest.fictional),
        tuple(editions),
    )  # fmt: skip


def _edition(each: Released, newer: Edition | None, now: datetime) -> Edition:
    found = each.broadcast
    if each.withdrawn is not None:
        holds, gone = Holds.WITHDRAWN, each.withdrawn
    elif newer is not None:
        holds, gone = Holds.REPLACED, newer.at
    elif found.kind is BroadcastKind.CANCEL:
        holds, gone = Holds.CANCELLED, None
    else:
        holds, gone = Holds.ENDED if found.expires <= now else Holds.IN_FORCE, None
    return Edition(
        _kind(found), found.version, found.revision, each.digest, each.at, found.expires, holds, gone,
        _blocks(found.renditions, found.languages),
    )  # fmt: skip


def _withdrawal(each: Released, newer: Edition | None) -> Edition:
    found, at = each.broadcast, each.withdrawn or each.at
    holds = Holds.REPLACED if newer is not None else Holds.WITHDRAWN
    return Edition(
        EditionKind.WITHDRAWAL, found.version, found.revision, each.digest, at, found.expires, holds,
        newer.at if newer is not None else None, _blocks(found.withdrawals, found.languages),
    )  # fmt: skip


def _kind(found: Broadcast) -> EditionKind:
    if found.revision > 1 and found.corrections:
        return EditionKind.CORRECTION
    return EditionKind(found.kind.value)


def _blocks(renditions: Sequence[Rendition], languages: Sequence[str]) -> tuple[Block, ...]:
    """By language in the Broadcast's order; the longest form first."""
    public = sorted((r for r in renditions if r.audience == PUBLIC), key=lambda r: FORMS.index(r.form))
    found = []
    for language in languages:
        texts = tuple(Text(r.channel, r.parts) for r in public if r.language == language)
        if texts:
            found.append(Block(language, texts))
    return tuple(found)
