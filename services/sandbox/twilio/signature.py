"""Twilio's signature over a webhook (https://www.twilio.com/docs/usage/webhooks/webhooks-security).

HMAC-SHA1, keyed with the account's token, over the full URL and then each parameter's name and value, names sorted.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def signature(token: str, url: str, parameters: Mapping[str, str]) -> str:
    """The value of X-Twilio-Signature."""
    text = url + "".join(name + parameters[name] for name in sorted(parameters))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
