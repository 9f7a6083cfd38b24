"""Who has approved which words: statements over the digest of a pack's file, two people, one place, until a date.

A file counts only with both roles, held by two different people, for this jurisdiction and this very digest. Whoever
reads the folder of approvals believes nothing in it that the trust bundle does not bear out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from schemas.guidance import GuidanceApproval, GuidanceStatement
from schemas.words import Realm
from services.runtime import trust
from services.runtime.trusted import NotTrustedError, Trust

#: Both are needed, and nobody may be both for one file.
ROLES = ("subject-reviewer", "health-officer")


@dataclass(frozen=True)
class Standing:
    """What the approvals of one file amount to. `why` says what is missing where they do not hold."""

    holds: bool
    people: tuple[str, ...] = ()
    until: datetime | None = None
    sandbox_only: bool = False
    why: str = ""


@dataclass(frozen=True)
class Reviews:
    """The approvals that are believed, and a sentence for each that is not."""

    statements: tuple[GuidanceStatement, ...] = ()
    refused: tuple[str, ...] = ()
    _by_digest: dict[str, list[GuidanceStatement]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Index them by what they approve."""
        for statement in self.statements:
            self._by_digest.setdefault(statement.digest, []).append(statement)

    def of(self, digest: str, jurisdiction: str, now: datetime, *, sandbox: bool) -> Standing:
        """What holds for one file at this place and moment; `sandbox`: a drill, or accounts that reach nobody."""
        here = [said for said in self._by_digest.get(digest, ()) if said.jurisdiction == jurisdiction]
        usable = [said for said in here if sandbox or not said.sandbox_only]
        live = [said for said in usable if said.until > now]
        pair = _two_people(live)
        if pair:
            only = any(said.sandbox_only for said in pair)
            return Standing(
                holds=True,
                people=tuple(said.person for said in pair),
                until=min(said.until for said in pair),
                sandbox_only=only,
            )
        if _two_people(usable):
            return Standing(
                holds=False, why=f"its approval ran out at {max(said.until for said in usable).isoformat()}"
            )
        if _two_people(here):
            return Standing(holds=False, why="its approval holds for drills and sandbox accounts only")
        missing = [role for role in ROLES if role not in {said.role for said in live}]
        lacks = f"no {' and no '.join(missing)} has approved it" if missing else "one person has approved it twice"
        return Standing(holds=False, why=f"{lacks} for {jurisdiction}")

    def other_version(self, pack: str, digest: str, jurisdiction: str) -> str:
        """The version of a pack that was approved here with other words, or nothing."""
        said = (s for s in self.statements if s.pack == pack and s.jurisdiction == jurisdiction and s.digest != digest)
        return max((statement.version for statement in said), default="")


def _two_people(statements: Iterable[GuidanceStatement]) -> tuple[GuidanceStatement, ...]:
    """One statement of each role by two different people, those that hold longest; or none."""
    known = sorted(statements, key=lambda said: said.until, reverse=True)
    one, other = ([said for said in known if said.role == role] for role in ROLES)
    return next(((a, b) for a in one for b in other if a.person != b.person), ())


def read_approvals(folder: Path) -> tuple[list[GuidanceApproval], list[str]]:
    """Every approval of a folder, and a sentence for each file that is none."""
    found, strange = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(GuidanceApproval.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            strange.append(f"{path.name} is no approval of guidance: remove it, or have it signed anew")
    return found, strange


def believe(
    approvals: Iterable[GuidanceApproval], trusted: Trust, realm: Realm, strange: Iterable[str] = ()
) -> Reviews:
    """The approvals that this realm's trust bears out, and why the others count for nothing."""
    statements, refused = [], list(strange)
    for approval in approvals:
        try:
            check(approval, trusted, realm)
        except NotTrustedError as error:
            said = approval.statement
            refused.append(f"{said.pack} by {said.person}: {error}")
        else:
            statements.append(approval.statement)
    return Reviews(tuple(statements), tuple(refused))


def check(approval: GuidanceApproval, trusted: Trust, realm: Realm) -> None:
    """Believe one approval, or NotTrustedError."""
    said = approval.statement
    if said.realm is not realm:
        raise NotTrustedError("realm", "it is for the other realm")
    person = trusted.person(said.person)
    if said.role not in person.roles:
        raise NotTrustedError("role", f"{said.person} is no {said.role}")
    if not trust.verifies(trusted.public(person, approval.key), "guidance", said, approval.signature):
        raise NotTrustedError("signature", "the signature does not fit the statement")
    if said.until <= said.issued:
        raise NotTrustedError("until", "it ends before it begins")


class Cabinet:
    """The folder of approvals, read anew when a file or the trust has changed."""

    def __init__(self, folder: Path, realm: Realm) -> None:
        """Approvals are files of `folder`; it need not exist."""
        self._folder, self._realm = folder, realm
        self._seen: object = None
        self._reviews = Reviews()

    def reviews(self, trusted: Trust | None) -> Reviews:
        """What is believed now; nothing without a trust bundle."""
        if trusted is None or not self._folder.is_dir():
            return Reviews()
        files = sorted((path.name, path.stat().st_mtime_ns) for path in self._folder.glob("*.json"))
        seen = (files, trusted.bundle.serial, trusted.revoked)
        if seen != self._seen:
            approvals, strange = read_approvals(self._folder)
            self._reviews, self._seen = believe(approvals, trusted, self._realm, strange), seen
        return self._reviews
