"""Our request beside the one that Twilio's own client makes for the same message."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from schemas.words import Channel
from services.dispatch.port import Sent
from services.dispatch.sms.request import LONGEST, Bodies
from tests.dispatch.platforms import Rig, channel_of, raw_server
from tests.sandbox.harness import PHONE, SERVICE, SID, TOKEN

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOOK = "https://hooks.ferrow.example"
DELIVERY = "ab" * 16
TEXTS = [
    "Boil water.",
    "1 + 1 = 2 & 100 % sure; a/b?c#d~e*f",
    "¿Agua? Hiérvala — 3 min",
    "煮沸 💧👩‍👩‍👧 e\u0301",
    "a\nb  c\t",
]


class Caught(AsyncHttpClient):  # type: ignore[misc]  # twilio ships no types
    """Keeps the request in place of sending it."""

    def __init__(self) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self.requests: list[dict[str, Any]] = []

    async def request(self, method: str, url: str, **more: Any) -> Response:
        self.requests.append({"method": method, "url": url, **more})
        return Response(201, '{"sid": "SM1"}')


async def theirs(**message: Any) -> dict[str, Any]:
    http = Caught()
    await Client(SID, TOKEN, http_client=http).messages.create_async(**message)
    return http.requests[0]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("service", [True, False])
async def test_the_same_fields_with_the_same_values(text: str, service: bool) -> None:
    callback = f"{HOOK}/twilio/status/{DELIVERY}#rc=5&rp=all"
    who = {"messaging_service_sid": SERVICE} if service else {"from_": "+12025550100"}
    made = await theirs(to=PHONE, body=text, status_callback=callback, validity_period=3600, **who)
    bodies = Bodies(SERVICE if service else None, "+12025550100", HOOK + "/")
    ours = bodies.body(PHONE, text, DELIVERY, NOW + timedelta(hours=1), NOW)
    assert sorted(parse_qsl(ours.decode())) == sorted(parse_qsl(urlencode(made["data"])))
    assert sorted(ours.decode().split("&")) == sorted(urlencode(made["data"]).split("&"))


@pytest.mark.contract
async def test_the_same_address_method_and_credentials() -> None:
    made = await theirs(to=PHONE, body="Boil water.", messaging_service_sid=SERVICE, validity_period=3600)
    head = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"sid": "SM1"}'
    async with raw_server(head) as server:
        channel = channel_of(Channel.SMS, server.address)
        await channel.open()
        job = Rig(Channel.SMS, channel, sandbox=None).job()  # type: ignore[arg-type]  # there is no stand-in
        assert await channel.publish(job, PHONE, lambda: True) == Sent("SM1")
        await channel.close()
    lines = b"".join(server.requests).decode().partition("\r\n\r\n")[0].split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert lines[0].split()[:2] == [made["method"], made["url"].removeprefix("https://api.twilio.com")]
    assert headers["content-type"] == made["headers"]["Content-Type"]
    assert headers["authorization"] == aiohttp.encode_basic_auth(*made["auth"])


@given(st.text(min_size=1).filter(lambda text: text.isprintable() or "\n" in text))
def test_every_text_survives_the_encoding(text: str) -> None:
    encodable = text.encode("utf-8", "ignore").decode()
    made = Bodies(SERVICE, None, None).body(PHONE, encodable, DELIVERY, NOW + timedelta(hours=1), NOW)
    assert parse_qs(made.decode(), keep_blank_values=True)["Body"] == [encodable]
    assert b" " not in made
    assert made.isascii()


@pytest.mark.parametrize(
    ("left", "validity"), [(3600.9, 3600), (0.5, 1), (-5, 1), (36_000, LONGEST), (90_000, LONGEST)]
)
def test_a_text_is_valid_no_longer_than_its_alert(left: float, validity: int) -> None:
    made = Bodies(SERVICE, None, None).body(PHONE, "x", DELIVERY, NOW + timedelta(seconds=left), NOW)
    assert parse_qs(made.decode())["ValidityPeriod"] == [str(validity)]


def test_without_a_callback_none_is_asked_for() -> None:
    made = Bodies(SERVICE, None, None).body(PHONE, "x", DELIVERY, NOW, NOW)
    assert "StatusCallback" not in parse_qs(made.decode())


def test_a_service_goes_before_a_sender() -> None:
    made = parse_qs(Bodies(SERVICE, "+12025550100", None).body(PHONE, "x", DELIVERY, NOW, NOW).decode())
    assert ("MessagingServiceSid" in made, "From" in made) == (True, False)
