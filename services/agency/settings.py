"""Settings of the agencies' door: `TOCSIN_AGENCY_…`."""

from pathlib import Path

from pydantic import Field

from services.runtime.settings import RoomSettings, room_config


class AgencySettings(RoomSettings):
    """What the door needs."""

    model_config = room_config("AGENCY")

    public_bind: str = Field("127.0.0.1", description="address that the agencies' door listens on")
    public_port: int = Field(0, ge=0, le=65535, description="port of the agencies' door; 0 takes a free one")
    keys: Path = Field(description="API keys of agencies, YAML: a list of {agency, sha256}, the hash of each key")
    answer_wait_s: float = Field(5, ge=0, le=60, description="seconds that a post waits for intake before it says 202")
    feeds: tuple[str, ...] = Field((), description="addresses of CAP feeds (Atom, RSS) that are polled, a JSON list")
    poll_s: float = Field(60, gt=0, description="seconds between two polls of the feeds")
    per_minute: int = Field(30, gt=0, description="alerts a minute that one key may post")
