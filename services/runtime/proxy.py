"""An HTTP proxy on a room's way out, as a setting: with its password, so never shown."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr


def _whole(value: SecretStr) -> SecretStr:
    """A scheme, a host and a port, or ValueError: half an address would be found out when an alert is to go."""
    address = urlsplit(value.get_secret_value())
    if address.scheme != "http" or not address.hostname or not _port(address.netloc):
        message = "it must be an address such as http://proxy.example.org:3128"
        raise ValueError(message)
    return value


def _port(netloc: str) -> bool:
    return netloc.rpartition(":")[2].isdigit()


#: `http://[user:password@]host:port`: to the proxy in plain, through it with the platform's own TLS.
Proxy = Annotated[SecretStr, AfterValidator(_whole)]


def address(proxy: SecretStr | None) -> str | None:
    """With its credentials: for an HTTP client alone."""
    return proxy.get_secret_value() if proxy else None
