"""Settings of record: `TOCSIN_RECORD_…`."""

from pathlib import Path

from pydantic import Field

from schemas.words import Realm
from services.runtime.settings import RoomSettings, SharedSettings, room_config

ROOT = Path(__file__).resolve().parents[2]
DRILL = "-drill"


class RecordSettings(RoomSettings):
    """Where the public page of record goes, and whose clock it shows."""

    model_config = room_config("RECORD")

    pages: Path | None = Field(
        None, description="folder of the public page of record, for any web server; default `pages` in the data folder"
    )
    jurisdiction: Path = Field(
        ROOT / "deploy" / "jurisdictions" / "demo.yaml",
        description="the jurisdiction's file: the pages show its time zone",
    )
    templates: Path = Field(
        ROOT / "templates", description="folder of the pages' layout and words, and of guidance, the same as compose's"
    )

    def pages_folder(self, shared: SharedSettings) -> Path:
        """The folder of this realm's pages: a drill's is never inside, or the same as, what is served."""
        folder = self.pages or shared.home / "pages"
        return folder.with_name(folder.name + DRILL) if shared.realm is Realm.DRILL else folder
