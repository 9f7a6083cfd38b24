"""Settings of receipts: `TOCSIN_RECEIPTS_…`."""

import ipaddress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from services.runtime.settings import RoomSettings, room_config

ROOT = Path(__file__).resolve().parents[2]
#: Names that nobody can have (https://www.rfc-editor.org/rfc/rfc2606).
NOWHERE = frozenset({"test", "example", "invalid", "localhost"})
NOBODYS = frozenset(("example", last) for last in ("com", "net", "org"))


class ReceiptsSettings(RoomSettings):
    """What the public door needs. Tokens also come from `…_FILE`."""

    model_config = room_config("RECEIPTS")

    public_bind: str = Field("127.0.0.1", description="address that the public webhook door listens on")
    public_port: int = Field(0, ge=0, le=65535, description="port of the public webhook door; 0 takes a free one")
    public_url: str | None = Field(
        None,
        description="the base that Twilio was given, https://host[/prefix]: signatures are over it. By default the"
        " door's own address, which only works on loopback",
    )
    twilio_auth_token: SecretStr = Field(description="the account's auth token, which signs webhooks")
    twilio_auth_token_next: SecretStr | None = Field(
        None, description="a second auth token that is believed too, while one is exchanged for the other"
    )
    jurisdiction: Path = Field(
        ROOT / "deploy" / "jurisdictions" / "demo.yaml",
        description="the jurisdiction's file: its issuer, emergency number and hotline stand in the answers",
    )
    templates: Path = Field(
        ROOT / "templates", description="folder of contacts and of the words of replies, the same as compose's"
    )

    @field_validator("public_url")
    @classmethod
    def _is_a_base(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")) or "?" in url or "#" in url:
            raise ValueError("must be https://host or https://host/prefix, without a query")
        return url.rstrip("/")

    @field_validator("twilio_auth_token", "twilio_auth_token_next")
    @classmethod
    def _is_not_empty(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not token.get_secret_value():
            raise ValueError("is empty: anybody could sign with it; give the account's auth token, or a …_FILE")
        return token

    @model_validator(mode="after")
    def _says_its_public_url(self) -> Self:
        if self.public_url is None and not _is_loopback(self.public_bind):
            raise ValueError(
                "TOCSIN_RECEIPTS_PUBLIC_URL is missing: signatures are over the address that Twilio calls,"
                " and no process can know that by itself"
            )
        return self

    @property
    def is_public(self) -> bool:
        """Whether people's replies may come here: its address is one that the world has, not only this machine."""
        host = (urlsplit(self.public_url or "").hostname or "localhost").lower()
        labels = host.split(".")
        return not (_is_loopback(host) or len(labels) == 1 or labels[-1] in NOWHERE or tuple(labels[-2:]) in NOBODYS)

    @property
    def tokens(self) -> list[str]:
        """The auth tokens that are believed."""
        both = (self.twilio_auth_token, self.twilio_auth_token_next)
        return [token.get_secret_value() for token in both if token is not None]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
