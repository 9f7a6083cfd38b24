"""Where the phonebook and its keys lie: `TOCSIN_PHONEBOOK_URL`, `TOCSIN_PHONEBOOK_KEYS_FILE`."""

from pathlib import Path

from pydantic import Field

from services.runtime.file_settings import FileSettings
from services.runtime.settings import SharedSettings, own_schema, room_config
from services.runtime.store import sqlite_url


class PhonebookSettings(FileSettings):
    """What every process needs that opens the phonebook. The URL may hold a password, so it also comes from a file."""

    model_config = room_config("PHONEBOOK")

    url: str | None = Field(None, description="the phonebook, SQLite or PostgreSQL; default a file in the data folder")
    keys_file: Path | None = Field(
        None, description="the keys of the numbers; default a file beside the phonebook. Keep a copy elsewhere"
    )

    def store_url(self, shared: SharedSettings) -> str:
        """The URL of the phonebook: one a realm, so that a drill has no real number within reach."""
        return own_schema(self.url, shared, "phonebook") if self.url else sqlite_url(shared.home / "phonebook.db")

    def keys_path(self, shared: SharedSettings) -> Path:
        """The file of the keys."""
        return self.keys_file or shared.home / "phonebook.keys.json"
