"""Who is asking: the token names the account, and no token is wrong.

An OAuth 1.0a header (https://datatracker.ietf.org/doc/html/rfc5849#section-3.5.1) or a bearer token. Real access
tokens begin with the account's number and a hyphen; any other token gets a number of its own, always the same.
"""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import unquote

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_OWNED = re.compile(r"([1-9][0-9]{0,18})-")
_NEEDED = ("oauth_consumer_key", "oauth_token", "oauth_signature", "oauth_timestamp", "oauth_nonce")


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the stand-in."""

    id: str

    @property
    def username(self) -> str:
        """The handle, without its @."""
        return f"sandbox_{int(self.id) % 100_000:05d}"


def authenticate(authorization: str | None) -> Account | None:
    """The account behind an Authorization header, or None for a header that names none."""
    scheme, _, rest = (authorization or "").partition(" ")
    if scheme == "Bearer" and rest.strip():
        return Account(_account_id(rest.strip()))
    if scheme == "OAuth":
        given = {name: unquote(value) for name, value in _PARAMETER.findall(rest)}
        if all(given.get(name) for name in _NEEDED):
            return Account(_account_id(given["oauth_token"]))
    return None


def _account_id(token: str) -> str:
    owned = _OWNED.match(token)
    if owned:
        return owned[1]
    digest = hashlib.sha256(token.encode()).digest()
    return str(int.from_bytes(digest[:8]) % 9 * 10**17 + int.from_bytes(digest[8:15]) % 10**17 + 10**17)
