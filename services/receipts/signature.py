"""Whether a webhook is Twilio's: HMAC over the public URL and every parameter, the SDK's own check.

https://www.twilio.com/docs/usage/webhooks/webhooks-security: the URL is the one that Twilio was given, so behind a
proxy that ends TLS or cuts a prefix it is built again from the public base and the path as it came.
"""

from collections.abc import Callable

from multidict import MultiDict
from twilio.request_validator import RequestValidator

HEADER = "X-Twilio-Signature"


class Signatures:
    """Checks against any of the account's auth tokens: two while one is exchanged for the other."""

    def __init__(self, tokens: list[str], base: Callable[[], str]) -> None:
        """`base` gives the public URL without the path: a door's own address is known only once it is open."""
        self._validators = [RequestValidator(token) for token in tokens]
        self._base = base

    @property
    def base(self) -> str:
        """The public URL without the path."""
        return self._base()

    def fits(self, path: str, fields: MultiDict[str], signature: str | None) -> bool:
        """Whether `signature` is over `path` (with its query, as it came) under the base, and `fields`."""
        if not signature:
            return False
        url = self.base + path
        return any(validator.validate(url, fields, signature) for validator in self._validators)
