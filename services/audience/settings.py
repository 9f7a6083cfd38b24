"""Settings of audience: `TOCSIN_AUDIENCE_…`; the phonebook's are `TOCSIN_PHONEBOOK_…`."""

from pathlib import Path

from pydantic import Field

from services.runtime.settings import RoomSettings, SharedSettings, room_config


class AudienceSettings(RoomSettings):
    """What audience needs beside the phonebook."""

    model_config = room_config("AUDIENCE")

    engine_key_file: Path | None = Field(
        None, description="the private key that signs batches; default keys/audience.pem in the realm's data folder"
    )

    def key_path(self, shared: SharedSettings) -> Path:
        """The file of the key that the trust bundle knows as an engine's for batches."""
        return self.engine_key_file or shared.home / "keys" / "audience.pem"
