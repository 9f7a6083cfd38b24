"""The library as the verbs of `tocsin guidance` see it: with the approvals that this data folder's trust bears out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from schemas.words import Realm
from services.cli.context import Context
from services.cli.errors import Code, fail
from services.cli.keys import trust_files
from services.compose import library
from services.compose.allowed import Permit, permit
from services.compose.guidance import Pack
from services.compose.library import Library
from services.compose.reviews import Cabinet
from services.compose.settings import ComposeSettings
from services.place.jurisdiction import Jurisdiction
from services.place.reading import DataError
from services.runtime.trusted import NotTrustedError, Trust


@dataclass(frozen=True)
class Shelf:
    """Packs, contacts, jurisdiction and approvals; `folder` is where the packs are."""

    library: Library
    folder: Path

    @property
    def place(self) -> Jurisdiction:
        """The jurisdiction that fills the texts."""
        return self.library.jurisdiction

    def pack(self, name: str) -> Pack:
        """One pack, or an end with the names that there are."""
        if name not in self.library.packs:
            fail(f"there is no pack {name}; there are {', '.join(sorted(self.library.packs))}", Code.WRONG)
        return self.library.packs[name]

    def permit(self, pack: Pack, realm: Realm) -> Permit:
        """What may be used of a pack today."""
        return permit(pack, self.place, self.library.reviews, realm, datetime.now(UTC))


def approvals_folder(context: Context) -> Path:
    """Where the approvals of one realm are kept."""
    return ComposeSettings().approvals or context.home / "guidance"


def open_shelf(context: Context | None = None) -> Shelf:
    """Read everything, or an end with what is wrong and where; with a context also its approvals."""
    settings = ComposeSettings()
    try:
        found = library.read(settings)
    except DataError as error:
        fail(str(error), Code.WRONG)
    if context is not None and (trusted := _trust(context)):
        found = found.reviewed(Cabinet(approvals_folder(context), context.realm).reviews(trusted))
    return Shelf(found, settings.templates / "guidance")


def _trust(context: Context) -> Trust | None:
    try:
        bundle = trust_files.current_bundle(context.home)
    except NotTrustedError as error:
        fail(str(error), Code.WRONG)
    if bundle is None:
        return None
    revoked = frozenset(item.statement.key for item in trust_files.known_revocations(context.home))
    return Trust(bundle.statement, revoked)
