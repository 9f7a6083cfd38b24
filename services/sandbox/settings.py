"""Settings of the sandbox, and the rules that a test may change while it runs."""

import ipaddress
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.runtime.settings import RoomSettings, room_config


class SandboxSettings(RoomSettings):
    """What the sandbox reads at start. It stands in for the platforms, so it listens on loopback only."""

    model_config = room_config("SANDBOX")

    host: str = Field("127.0.0.1", description="address of the stand-ins: loopback, unless `hosts` names who may come")
    port: int = Field(0, ge=0, le=65535, description="port of the stand-ins and the page; 0 takes a free one")
    hosts: str = Field(
        "", description="hosts besides loopback, separated by commas, that callbacks may reach; private addresses only"
    )
    twilio_auth_token: SecretStr | None = Field(
        None, description="the only token accepted; without it any is, and the last one seen signs the callbacks"
    )
    deliver_to: str | None = Field(
        None,
        description="http://host:port that gets the callbacks of every URL; the signature stays over the URL itself",
    )
    inbound_url: str | None = Field(None, description="webhook that gets what a phone replies")
    opt_out: Literal["ours", "twilio"] = Field(
        "ours", description="who answers STOP, START and HELP: our webhook, or Twilio with OptOutType"
    )
    sent_ms: int = Field(200, ge=0, le=36_000_000, description="milliseconds from acceptance to `sent`")
    delivered_ms: int = Field(800, ge=0, le=36_000_000, description="milliseconds from acceptance to `delivered`")
    callback_workers: int = Field(32, ge=1, le=256, description="callbacks under way at once")
    twilio_concurrency: int = Field(
        100, ge=0, description="requests of one account under way at once; 0 for any number"
    )
    x_create_limit: int = Field(100, ge=1, description="posts of one account in a window")
    x_delete_limit: int = Field(50, ge=1, description="deletions of one account in a window")
    x_read_limit: int = Field(900, ge=1, description="look-ups of one account in a window")
    x_window_s: int = Field(900, ge=1, description="length of a rate window in seconds")
    x_duplicate_s: int = Field(86_400, ge=0, description="seconds in which X refuses the same text again; 0 never does")
    x_account_name: str = Field("Sandbox Health Department", description="display name of every account on the page")

    @field_validator("deliver_to", "inbound_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    @model_validator(mode="after")
    def _stays_inside(self) -> Self:
        if not self.hosts and not _is_loopback(self.host):
            raise ValueError(
                "TOCSIN_SANDBOX_HOST must be loopback (127.0.0.1): stand-ins are not for a network. "
                "Inside containers, name the hosts that may use it in TOCSIN_SANDBOX_HOSTS"
            )
        return self

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`hosts`, taken apart."""
        return frozenset(host.strip().lower() for host in self.hosts.split(",") if host.strip())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Rules(BaseModel):
    """How the platforms behave: begins as the settings say, changed by `PATCH /_sandbox/rules`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inbound_url: str | None = None
    opt_out: Literal["ours", "twilio"] = "ours"
    sent_ms: int = Field(200, ge=0, le=36_000_000)
    delivered_ms: int = Field(800, ge=0, le=36_000_000)
    twilio_concurrency: int = Field(100, ge=0)
    x_create_limit: int = Field(100, ge=1)
    x_delete_limit: int = Field(50, ge=1)
    x_read_limit: int = Field(900, ge=1)
    x_window_s: int = Field(900, ge=1)
    x_duplicate_s: int = Field(86_400, ge=0)

    @classmethod
    def of(cls, settings: SandboxSettings) -> Self:
        """The rules that the settings ask for."""
        return cls(**{name: getattr(settings, name) for name in cls.model_fields})

    def changed(self, changes: dict[str, object]) -> "Rules":
        """These rules with some changed; raises pydantic's ValidationError for what is unknown or out of range."""
        return Rules.model_validate({**self.model_dump(), **changes})
