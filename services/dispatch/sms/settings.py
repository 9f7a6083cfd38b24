"""Settings of the SMS dispatcher."""

from typing import Literal

from pydantic import Field, SecretStr

from services.dispatch.settings import DispatchSettings
from services.runtime.settings import SharedSettings, room_config

VENDOR_HOSTS = frozenset({"twilio.com"})


class SmsSettings(DispatchSettings):
    """`TOCSIN_SMS_…`."""

    model_config = room_config("SMS")

    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$", description="Twilio's account SID, AC…")
    auth_token: SecretStr = Field(description="Twilio's auth token; better from a file, AUTH_TOKEN_FILE")
    messaging_service_sid: str | None = Field(
        None, pattern=r"^MG[0-9a-f]{32}$", description="the Messaging Service that sends, MG…; or set SENDER"
    )
    sender: str | None = Field(
        None,
        pattern=r"^(\+[1-9]\d{6,14}|\d{3,8})$",
        description="number or short code that sends, where no service does",
    )
    callback_url: str | None = Field(
        None, description="public base address of the receipts door; without it no delivery reports are asked for"
    )
    transport: Literal["aiohttp", "lean"] = Field(
        "lean",
        description="what carries the texts: our own client, or aiohttp's, with which a text costs a third more CPU; "
        "behind a proxy always aiohttp's",
    )

    def wrong(self, shared: SharedSettings, vendor_hosts: frozenset[str]) -> list[str]:
        """As of every channel; and our own client knows no proxy."""
        found = super().wrong(shared, vendor_hosts)
        if self.proxy and self.transport == "lean" and "transport" in self.model_fields_set:
            found.append("TOCSIN_SMS_TRANSPORT=lean knows no proxy: leave it out, or say aiohttp")
        return found

    def without_sender(self) -> str | None:
        """A sentence when nothing says who sends."""
        if self.messaging_service_sid or self.sender:
            return None
        return "TOCSIN_SMS_MESSAGING_SERVICE_SID is missing, and so is TOCSIN_SMS_SENDER: no text has a sender"
