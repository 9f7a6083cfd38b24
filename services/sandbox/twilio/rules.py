"""What Twilio takes as a message, and the number of each refusal.

Parameters: https://www.twilio.com/docs/messaging/api/message-resource. The five magic recipients are those of Twilio's
own test credentials: https://www.twilio.com/docs/iam/test-credentials#test-sms-messages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from services.sandbox.twilio.answers import Refusal

MAX_BODY: Final = 1600
MAX_VALIDITY_S: Final = 36_000
E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER: Final = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11}")
_SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}")

MAGIC: Final = {
    "+15005550001": (21211, "The 'To' number +15005550001 is not a valid phone number."),
    "+15005550002": (21612, "The message From/To pair violates a blacklist rule or cannot be routed."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region."),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to send, checked. `sender` is None where a Messaging Service shall choose."""

    recipient: str
    body: str
    sender: str | None
    service_sid: str | None
    status_callback: str | None
    validity_s: int
    send_at_ms: int | None


def read_message(form: Mapping[str, str]) -> Asked:
    """Check a form, or raise `Refusal` with the number that Twilio gives."""
    service = form.get("MessagingServiceSid") or None
    return Asked(
        recipient=_recipient(form.get("To", "")),
        body=_body(form.get("Body", "")),
        sender=_sender(form.get("From", ""), service),
        service_sid=_service(service),
        status_callback=_callback(form.get("StatusCallback") or None),
        validity_s=_validity(form.get("ValidityPeriod", str(MAX_VALIDITY_S))),
        send_at_ms=_send_at(form, service),
    )


def _recipient(number: str) -> str:
    if not number:
        raise Refusal(400, 21604, "A 'To' phone number is required.")
    if number in MAGIC:
        raise Refusal(400, *MAGIC[number])
    if not E164.fullmatch(number):
        raise Refusal(400, 21211, f"The 'To' number {number} is not a valid phone number.")
    return number


def _body(body: str) -> str:
    if not body:
        raise Refusal(400, 21602, "Message body is required.")
    if len(body) > MAX_BODY:
        raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    return body


def _sender(number: str, service: str | None) -> str | None:
    if not number and service is None:
        raise Refusal(400, 21603, "A 'From' phone number is required.")
    if number and not _SENDER.fullmatch(number):
        raise Refusal(400, 21212, f"The 'From' number {number} is not a valid phone number, shortcode, or sender ID.")
    return number or None


def _service(sid: str | None) -> str | None:
    if sid is not None and not _SERVICE.fullmatch(sid):
        raise Refusal(400, 21701, "The Messaging Service does not exist")
    return sid


def _callback(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
        raise Refusal(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
    return url


def _validity(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MAX_VALIDITY_S):
        raise Refusal(400, 90007, f"ValidityPeriod must be a whole number from 1 to {MAX_VALIDITY_S}.")
    return int(value)


def _send_at(form: Mapping[str, str], service: str | None) -> int | None:
    if form.get("ScheduleType") != "fixed":
        return None
    if service is None:
        raise Refusal(400, 35118, "MessagingServiceSid is required to schedule a message.")
    try:
        moment = datetime.fromisoformat(form.get("SendAt", ""))
    except ValueError:
        raise Refusal(400, 35111, "SendAt must be an ISO 8601 date and time.") from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
