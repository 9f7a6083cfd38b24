"""A texting platform that costs next to nothing: it answers every request with a text of its own making, and counts.

A process of its own (`python -m tests.bench.sink`), so that its CPU is not in anybody's figure. It says its port.
"""

import asyncio
import json
from typing import Any, cast

import httptools

#: As long as Twilio's own answer to a create, whose fields these are.
ANSWER = {
    "body": "Boil your water. " * 8, "num_segments": "1", "direction": "outbound-api", "from": None, "date_updated":
    "Tue, 24 Nov 2026 12:00:00 +0000", "price": None, "error_message": None, "uri": "/2010-04-01/Accounts/" + "A" * 60,
    "account_sid": "AC" + "1" * 32, "num_media": "0", "to": "+12025550123", "date_created":
    "Tue, 24 Nov 2026 12:00:00 +0000", "status": "accepted", "date_sent": None,
    "messaging_service_sid": "MG" + 32 * "2",
    "error_code": None, "price_unit": "USD", "api_version": "2010-04-01", "subresource_uris": {"media": "/m"},
}  # fmt: skip
#: Odd, so that no two numbers get one id.
_SCATTER = 0x9E3779B97F4A7C15F39CC0605CEDC835
_TAIL = json.dumps(ANSWER)[1:].encode()
_LENGTH = len(_TAIL) + len(b'{"sid": "SM", ') + 32
_NONE = b'{"messages": [], "next_page_uri": null}'
_LIST = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_NONE), _NONE)
_HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % _LENGTH


def sid(number: int) -> str:
    """An id of a text: as scattered as Twilio's own, for ids in a row would be kind to the ledger's index."""
    return f"SM{number * _SCATTER % 2**128:032x}"


def answer(number: int) -> bytes:
    """The body of one answer."""
    return b'{"sid": "%b", %b' % (sid(number).encode(), _TAIL)


class Sink(asyncio.Protocol):
    """One connection."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"GET":
            self._transport.write(_LIST)
            return
        Sink.taken += 1
        self._transport.write(_HEAD + answer(Sink.taken))


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0, backlog=1024)
    names: Any = server.sockets[0].getsockname()
    print(names[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
