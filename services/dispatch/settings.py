"""Settings that every channel's dispatcher has; a channel adds its own and gives the bounds their defaults."""

import ipaddress
import socket
from urllib.parse import urlsplit

from pydantic import Field

from schemas.words import Realm
from services.dispatch.bounds import Bounds
from services.runtime.proxy import Proxy
from services.runtime.settings import RoomSettings, SharedSettings


class DispatchSettings(RoomSettings):
    """One channel's dispatcher."""

    base_url: str = Field(description="address of the platform's API; no default, so that nothing is sent by mistake")
    sandbox: bool = Field(default=False, description="true for a stand-in: loopback, or a host of TOCSIN_SANDBOX_HOSTS")
    proxy: Proxy | None = Field(
        None, description="HTTP proxy on the way to the platform, http://[user:password@]host:port; or PROXY_FILE"
    )
    account: str = Field("main", description="name of the account in targets and on the board; never a secret")
    window: int = Field(64, ge=1, le=1024, description="W: requests in flight, and rows in doubt after a crash")
    rate_per_s: float = Field(0, ge=0, description="starts a second; 0 leaves it to the platform's refusals")
    sweep_s: float = Field(5, gt=0, description="seconds between sweeps: recovery, take-backs, expiry")
    look_up: bool = Field(default=True, description="false leaves doubt to delivery reports")
    compare_s: float = Field(
        86_400,
        ge=0,
        description="seconds from one comparison with the platform's own list to the next; 0 when asked only",
    )
    patience_s: float = Field(600, ge=0, description="seconds a failing look-up is repeated before a person is asked")
    fresh_s: float = Field(10, gt=0, description="F: seconds from an intent to the check before the first byte")
    gap_s: float = Field(5, gt=0, description="G: seconds from that check to the first byte")
    answer_s: float = Field(10, gt=0, description="R: seconds an answer may take, kept by the kernel too")
    accept_s: float = Field(30, ge=0, description="D: seconds until the platform has accepted a request, assumed")
    visible_s: float = Field(30, ge=0, description="L: seconds until an accepted message shows in a look-up, assumed")
    quarantine_s: float = Field(120, gt=0, description="Q: seconds doubt is waited out; above F + G + R + D + L")

    @property
    def bounds(self) -> Bounds:
        """The bounds as one value."""
        return Bounds(self.fresh_s, self.gap_s, self.answer_s, self.accept_s, self.visible_s, self.quarantine_s)

    def wrong(self, shared: SharedSettings, vendor_hosts: frozenset[str]) -> list[str]:
        """Sentences for settings that must not be used together."""
        hosts = {name.strip() for name in shared.sandbox_hosts.split(",")}
        found = [self.bounds.wrong(), self._wrong_address(vendor_hosts, hosts), self._wrong_proxy()]
        if shared.realm is Realm.DRILL and not self.sandbox:
            found.append("a drill must not reach people: set SANDBOX=true and point BASE_URL at a stand-in")
        prefix = str(self.model_config.get("env_prefix", ""))
        return [f"{prefix}{sentence}" for sentence in found if sentence]

    def _wrong_address(self, vendor_hosts: frozenset[str], listed: set[str]) -> str | None:
        address = urlsplit(self.base_url)
        host = address.hostname or ""
        if address.scheme not in {"http", "https"} or not host:
            return "BASE_URL must be an address such as https://api.example.org"
        if not self.sandbox:
            return None
        if host in vendor_hosts or any(host.endswith("." + vendor) for vendor in vendor_hosts):
            return f"BASE_URL is the vendor's own host, and the account is marked SANDBOX: {host} is refused"
        if _is_loopback(host):
            return None
        if host in listed and _is_private(host):
            return None
        return f"SANDBOX is true: BASE_URL must be loopback, or {host} a private host named in TOCSIN_SANDBOX_HOSTS"

    def _wrong_proxy(self) -> str | None:
        if self.proxy and self.sandbox:
            return "SANDBOX is true: a stand-in is reached without PROXY, which could lead elsewhere"
        return None


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return [ipaddress.ip_address(entry[4][0]) for entry in socket.getaddrinfo(host, None)]
    except (OSError, ValueError):
        return []


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_private(host: str) -> bool:
    found = _addresses(host)
    return bool(found) and all(address.is_private for address in found)
