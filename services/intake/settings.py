"""Settings of intake: `TOCSIN_INTAKE_…`."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from services.runtime.settings import RoomSettings, room_config

_DEPLOY = Path(__file__).parents[2] / "deploy"


class IntakeSettings(RoomSettings):
    """What intake adds."""

    model_config = room_config("INTAKE")

    publishers: Path = Field(_DEPLOY / "publishers.yaml", description="the register of publishers, YAML")
    orphan_wait_s: float = Field(
        60, ge=0, description="seconds that an Update or Cancel waits for the alert to which it refers"
    )
    stale_after_h: float = Field(
        24, gt=0, description="hours after its own `sent` from which a message is held as stale"
    )

    @property
    def stale(self) -> timedelta:
        """From which age on a message is stale."""
        return timedelta(hours=self.stale_after_h)

    @property
    def orphan_wait(self) -> timedelta:
        """How long an orphan waits."""
        return timedelta(seconds=self.orphan_wait_s)
