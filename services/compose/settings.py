"""Settings of compose: where its data is, and the ends and lengths that no alert or channel decides."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from services import limits
from services.runtime.settings import RoomSettings, room_config

#: templates/ and deploy/ stand beside services/, in a checkout and in the image.
HOME = Path(__file__).parents[2]


class ComposeSettings(RoomSettings):
    """`TOCSIN_COMPOSE_…`."""

    model_config = room_config("COMPOSE")

    templates: Path = Field(HOME / "templates", description="folder of guidance, contacts, words and text templates")
    jurisdiction: Path = Field(
        HOME / "deploy" / "jurisdictions" / "demo.yaml", description="the jurisdiction whose names fill the texts"
    )
    approvals: Path | None = Field(
        None, description="folder of signed approvals of guidance; by default guidance/ in the realm's folder"
    )
    default_expires_h: int = Field(24, gt=0, description="hours after which an alert ends that says no end itself")
    take_back_h: int = Field(24, gt=0, description="hours for which a Cancel goes on being sent")
    held_deadline_s: int = Field(
        900, gt=0, description="seconds until somebody is woken for a held alert, where no trust bundle says"
    )
    segments_gsm_7: int = Field(3, gt=0, le=10, description="most segments of a text in the GSM-7 alphabet")
    segments_ucs_2: int = Field(
        6, gt=0, le=10, description="most segments of a text in UCS-2, which holds less than half as much in each"
    )

    @property
    def segments(self) -> limits.SegmentPolicy:
        """The most segments of a text."""
        return limits.SegmentPolicy(self.segments_gsm_7, self.segments_ucs_2)

    @property
    def default_expires(self) -> timedelta:
        """How long an alert lives that says no end."""
        return timedelta(hours=self.default_expires_h)

    @property
    def take_back(self) -> timedelta:
        """How long a Cancel goes on being sent."""
        return timedelta(hours=self.take_back_h)
