"""Settings of the agencies' door: `TOCSIN_AGENCY_…`."""

from pathlib import Path

from pydantic import Field

from services.runtime.proxy import Proxy
from services.runtime.settings import RoomSettings, room_config

_DEPLOY = Path(__file__).parents[2] / "deploy"


class AgencySettings(RoomSettings):
    """What the door needs."""

    model_config = room_config("AGENCY")

    public_bind: str = Field("127.0.0.1", description="address that the agencies' door listens on")
    public_port: int = Field(0, ge=0, le=65535, description="port of the agencies' door; 0 takes a free one")
    keys: Path | None = Field(
        None,
        description="API keys of publishers, YAML: a list of {agency, sha256, test}, the hash of each key; without it "
        "the door knows nobody, and answers go to the topics alone",
    )
    publishers: Path = Field(_DEPLOY / "publishers.yaml", description="the register of publishers, as intake has it")
    pages_url: str | None = Field(None, description="public address under which the pages of record are served")
    sender: str = Field(
        "answers@tocsin.invalid", pattern=r"^[^\s,<&]+$", description="our sender id in a CAP Ack or Error"
    )
    answer_wait_s: float = Field(5, ge=0, le=60, description="seconds that a post waits for intake before it says 202")
    feeds: tuple[str, ...] = Field((), description="addresses of CAP feeds (Atom, RSS) that are polled, a JSON list")
    proxy: Proxy | None = Field(
        None, description="HTTP proxy on the way to the feeds, http://[user:password@]host:port; or PROXY_FILE"
    )
    poll_s: float = Field(60, gt=0, description="seconds between two polls of the feeds")
    per_minute: int = Field(30, gt=0, description="alerts a minute that one key may post")
