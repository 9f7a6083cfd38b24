"""The settings of approve: `TOCSIN_APPROVE_…`."""

from pathlib import Path

from pydantic import Field

from services.runtime.settings import RoomSettings, SharedSettings, room_config


class ApproveSettings(RoomSettings):
    """What approve adds to the shared settings."""

    model_config = room_config("APPROVE")

    engine_key_file: Path | None = Field(
        None,
        description="private key of the policy engine, by default keys/approve.pem in the realm's folder; "
        "without one nothing is released automatically",
    )
    sweep_s: float = Field(1.0, gt=0, le=60, description="seconds between two looks for deadlines that have passed")
    estimate_wait_s: float = Field(
        5.0, ge=0, le=600, description="seconds that an automatic release waits for the number of people it would reach"
    )

    def key_path(self, shared: SharedSettings) -> Path:
        """Where the engine's key is."""
        return self.engine_key_file or shared.home / "keys" / "approve.pem"
