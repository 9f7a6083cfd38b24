"""One suite over both transports: what a server can do to a request, and what may be said of it then.

Real sockets on loopback. What is asserted of every fault: the request reached the server at most once.
"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from schemas.words import Reason
from services.dispatch.lean import LeanPoster
from services.dispatch.port import Doubt, NotSent
from services.dispatch.posting import LARGEST, Answer, Poster, Target
from services.dispatch.transport import AiohttpPoster, Limits, Transport
from tests.dispatch.servers import Behaviour, Server, Turn, authority, behaving, ok, until

pytestmark = pytest.mark.contract
R = 0.5
BODY = b"To=%2B12025550123&Body=Boil+water."
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic bm9ib2R5"}


class Make(Protocol):
    """Makes a poster to the server at an address."""

    async def __call__(self, address: str, answer_s: float = R, connections: int = 64) -> Poster: ...


async def _aiohttp(address: str, answer_s: float = R, connections: int = 64) -> Poster:
    transport = Transport(Limits(connections, answer_s))

    class Closing(AiohttpPoster):
        async def close(self) -> None:
            await transport.close()

    return Closing(Target(address + "/messages", HEADERS), transport)


async def _lean(address: str, answer_s: float = R, connections: int = 64) -> Poster:
    return LeanPoster(Target(address + "/messages", HEADERS), Limits(connections, answer_s))


@pytest.fixture(params=[_aiohttp, _lean], ids=["aiohttp", "lean"])
def make(request: pytest.FixtureRequest) -> Make:
    """Each transport in turn."""
    found: Make = request.param
    return found


@asynccontextmanager
async def rig(make: Make, behaviour: Behaviour, **more: Any) -> AsyncIterator[
    tuple[Poster, Server]
]:  # fmt: skip
    async with behaving(behaviour) as server:
        poster = await make(server.address, **more)
        try:
            yield poster, server
        finally:
            await poster.close()


def yes() -> bool:
    return True


def saying(*data: bytes, then: str = "") -> Behaviour:
    """Say these, each in a write of its own; then close, reset, hang, or wait for the next request."""

    async def behave(turn: Turn) -> None:
        for piece in data:
            await turn.say(piece)
            await asyncio.sleep(0)
        match then:
            case "close":
                turn.writer.close()
            case "reset":
                turn.reset()
            case "hang":
                await asyncio.sleep(60)

    return behave


SID = b'{"sid": "SM1"}'
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
ONE_BYTE_EACH = [bytes([byte]) for byte in ok()]
PACKED = gzip.compress(SID)
FLATE = zlib.compress(SID)

WHOLE: dict[str, tuple[Behaviour, Answer]] = {
    "in one go": (saying(ok()), Answer(201, SID)),
    "byte by byte": (saying(*ONE_BYTE_EACH), Answer(201, SID)),
    "after 100": (saying(b"HTTP/1.1 100 Continue\r\n\r\n", ok()), Answer(201, SID)),
    "after 100 in one go": (saying(b"HTTP/1.1 100 Continue\r\n\r\n" + ok()), Answer(201, SID)),
    "after two of 103": (saying(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2, ok()), Answer(201, SID)),
    "chunked": (saying(CHUNKED, b"5\r\n" + SID[:5] + b"\r\n", b"9\r\n" + SID[5:] + b"\r\n0\r\n\r\n"), Answer(201, SID)),
    "chunked, trailers": (saying(CHUNKED + b"e;x=1\r\n" + SID + b"\r\n0\r\nX-Sum: 1\r\n\r\n"), Answer(201, SID)),
    "gzip": (saying(ok(PACKED, head="Content-Encoding: gzip\r\n")), Answer(201, SID)),
    "deflate": (saying(ok(FLATE, head="Content-Encoding: deflate\r\n")), Answer(201, SID)),
    "until the end": (saying(b"HTTP/1.1 201 Created\r\n\r\n" + SID, then="close"), Answer(201, SID)),
    "HTTP/1.0": (saying(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", then="close"), Answer(200, b"{}")),
    "says close": (saying(ok(head="Connection: close\r\n"), then="close"), Answer(201, SID)),
    "no body": (saying(b"HTTP/1.1 204 No Content\r\n\r\n"), Answer(204, b"")),
    "a wait": (saying(ok(b"{}", status="429 Too Many", head="Retry-After: 7\r\n")), Answer(429, b"{}", 7.0)),
    "a wait by date": (saying(ok(b"{}", status="429 No", head="Retry-After: Fri, 1\r\n")), Answer(429, b"{}")),
    "a redirect": (saying(ok(b"", status="307 There", head="Location: /there\r\n")), Answer(307, b"")),
    "two of them": (saying(ok() + ok(b'{"sid": "SM2"}')), Answer(201, SID)),
}


@pytest.mark.parametrize("case", WHOLE)
async def test_whole_answers(make: Make, case: str) -> None:
    behaviour, expected = WHOLE[case]
    async with rig(make, behaviour, answer_s=10) as (poster, server):
        assert await poster.post(BODY, yes) == expected
        assert server.bodies == [BODY]


BROKEN: dict[str, Behaviour] = {
    "hangs": saying(then="hang"),
    "hangs in the head": saying(b"HTTP/1.1 201 Cre", then="hang"),
    "hangs in the body": saying(ok()[:-3], then="hang"),
    "hangs after 100": saying(b"HTTP/1.1 100 Continue\r\n\r\n", then="hang"),
    "closes": saying(then="close"),
    "closes in the head": saying(b"HTTP/1.1 201 Created\r\nContent-", then="close"),
    "closes in the body": saying(ok()[:-3], then="close"),
    "closes in a chunk": saying(CHUNKED + b"5\r\n" + SID[:3], then="close"),
    "closes before the last chunk": saying(CHUNKED + b"e\r\n" + SID + b"\r\n", then="close"),
    "resets": saying(then="reset"),
    "resets after the head": saying(ok()[:-14], then="reset"),
    "garbage": saying(b"\x00\x16\x03 what is this\r\n\r\n", then="hang"),
    "a page without a head": saying(b"<html><body>Bad Gateway</body></html>\r\n\r\n", then="close"),
    "no number of status": saying(b"HTTP/1.1 twenty OK\r\nContent-Length: 0\r\n\r\n", then="hang"),
    "no length": saying(b"HTTP/1.1 201 Created\r\nContent-Length: many\r\n\r\n", then="hang"),
    "a chunk of no size": saying(CHUNKED + b"zz\r\n", then="hang"),
    "gzip that is none": saying(ok(b"\x00not gzip at all", head="Content-Encoding: gzip\r\n"), then="close"),
    "a huge answer": saying(ok(b"x" * (LARGEST + 1)), then="close"),
    "a huge answer in chunks": saying(CHUNKED, *[b"10000\r\n" + b"x" * 65_536 + b"\r\n"] * 18, then="close"),
    "a huge answer, packed": saying(
        ok(gzip.compress(b"x" * (2 * LARGEST)), head="Content-Encoding: gzip\r\n"), then="close"
    ),
    "a head without end": saying(b"HTTP/1.1 201 Created\r\n", *[b"X-Y: " + b"z" * 60_000 + b"\r\n"] * 20, then="hang"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_no_usable_answer_is_doubt_and_nothing_is_repeated(make: Make, case: str) -> None:
    async with rig(make, BROKEN[case]) as (poster, server):
        assert await poster.post(BODY, yes) == Doubt()
        assert server.bodies == [BODY]


async def test_the_request(make: Make) -> None:
    async with rig(make, saying(ok()), answer_s=10) as (poster, server):
        await poster.post(BODY, yes)
        line, *lines = server.heads[0].decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
        assert len(headers) == len(lines)
        assert line == "POST /messages HTTP/1.1"
        assert headers["host"] == server.address.removeprefix("http://")
        assert {name: headers[name.lower()] for name in HEADERS} == HEADERS
        assert headers["content-length"] == str(len(BODY))
        assert "transfer-encoding" not in headers


# --- connections ---


async def test_a_connection_is_kept(make: Make) -> None:
    async with rig(make, saying(ok()), answer_s=10) as (poster, server):
        assert {await poster.post(b"%d" % number, yes) for number in range(10)} == {Answer(201, SID)}
        assert (server.connections, len(server.bodies)) == (1, 10)


async def test_many_at_once_each_get_their_own(make: Make) -> None:
    async def echo(turn: Turn) -> None:
        await asyncio.sleep(0.001 * (turn.number % 7))
        await turn.say(ok(turn.body))

    async with rig(make, echo, answer_s=10) as (poster, server):
        for _ in range(4):
            bodies = [b"%d" % number for number in range(50)]
            answers = await asyncio.gather(*(poster.post(body, yes) for body in bodies))
            assert answers == [Answer(201, body) for body in bodies]
        assert server.connections <= 50


def _closed(server: Server, connections: int) -> bool:
    return server.closed >= connections


@pytest.mark.parametrize("head", ["", "Connection: close\r\n"])
async def test_a_server_that_closes_after_each_answer(make: Make, head: str) -> None:
    """Said or not: a connection that is known to be closed is not written to, so nothing is in doubt."""
    async with rig(make, saying(ok(head=head), then="close"), answer_s=10) as (poster, server):
        for number in range(1, 11):
            assert await poster.post(BODY, yes) == Answer(201, SID)
            await until(partial(_closed, server, number))
            await asyncio.sleep(0.01)
        assert (server.connections, len(server.bodies)) == (10, 10)


async def test_a_late_answer_is_not_the_next_ones(make: Make) -> None:
    go = asyncio.Event()

    async def behave(turn: Turn) -> None:
        if turn.number == 1:
            await go.wait()
        await turn.say(ok(turn.body))

    async with rig(make, behave, answer_s=1.5) as (poster, server):
        assert await poster.post(b"first", yes) == Doubt()
        go.set()
        assert await poster.post(b"second", yes) == Answer(201, b"second")
        assert server.connections == 2


async def test_what_comes_unasked_spoils_the_connection(make: Make) -> None:
    async def behave(turn: Turn) -> None:
        await turn.say(ok(turn.body))
        if turn.number == 1:
            await turn.say(ok(b"nobody asked"))

    async with rig(make, behave, answer_s=10) as (poster, server):
        assert await poster.post(b"first", yes) == Answer(201, b"first")
        await asyncio.sleep(0.05)
        assert await poster.post(b"second", yes) == Answer(201, b"second")
        assert server.connections == 2


async def test_a_caller_that_goes_away_takes_its_connection_along(make: Make) -> None:
    async def behave(turn: Turn) -> None:
        if turn.number > 1:
            await turn.say(ok(turn.body))

    async with rig(make, behave, answer_s=10) as (poster, server):
        gone = asyncio.create_task(poster.post(b"first", yes))
        await until(lambda: server.bodies)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert await poster.post(b"second", yes) == Answer(201, b"second")
        assert server.connections == 2


async def test_nothing_is_written_without_a_permit(make: Make) -> None:
    async with rig(make, saying(ok()), answer_s=10) as (poster, server):
        for _ in range(5):
            assert await poster.post(BODY, lambda: False) == NotSent(Reason.TRANSIENT, 0.0)
        assert await poster.post(BODY, yes) == Answer(201, SID)
        assert await poster.post(BODY, lambda: False) == NotSent(Reason.TRANSIENT, 0.0)
        assert len(server.bodies) == 1


# --- TLS ---


async def test_tls_with_an_authority_of_ones_own(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(own.ca))
    async with behaving(saying(ok()), own.context()) as server:
        poster = await make(server.address, answer_s=10)
        assert [await poster.post(BODY, yes) for _ in range(5)] == [Answer(201, SID)] * 5
        assert server.bodies == [BODY] * 5
        assert server.connections == 1
        await poster.close()


@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_tls_that_is_not_to_be_trusted_carries_nothing(
    make: Make, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = authority(tmp_path, "127.0.0.2" if wrong == "name" else "127.0.0.1")
    if wrong == "name":
        monkeypatch.setenv("SSL_CERT_FILE", str(own.ca))
    async with behaving(saying(ok()), own.context()) as server:
        poster = await make(server.address, answer_s=10)
        assert await poster.post(BODY, yes) == NotSent(Reason.TRANSIENT)
        assert server.bodies == []
        await poster.close()


async def test_plain_where_tls_is_expected_carries_nothing(make: Make) -> None:
    async with behaving(saying(ok())) as server:
        poster = await make(server.address.replace("http:", "https:"), answer_s=2)
        assert await poster.post(BODY, yes) == NotSent(Reason.TRANSIENT)
        assert server.bodies == []
        await poster.close()


# --- of the lean one alone ---


async def test_the_lean_one_asks_once_and_with_the_connection_in_hand() -> None:
    asked: list[int] = []
    async with rig(_lean, saying(ok()), answer_s=10) as (poster, server):
        assert isinstance(poster, LeanPoster)

        def permit() -> bool:
            asked.append(len(poster.open))
            return True

        for _ in range(3):
            await poster.post(BODY, permit)
        assert asked == [1, 1, 1]
        assert len(server.bodies) == 3


async def test_the_lean_one_never_writes_to_what_the_kernel_knows_to_be_closed() -> None:
    """The server closes while our event loop is not looking; without asking the kernel this would be doubt."""
    async with rig(_lean, saying(ok(), then="close"), answer_s=10) as (poster, server):
        assert isinstance(poster, LeanPoster)
        assert await poster.post(BODY, yes) == Answer(201, SID)
        (kept,) = poster.open
        while not kept.gone:  # the server's side runs; our connection's reader does not
            asyncio.get_running_loop().remove_reader(kept.socket.fileno())
            await asyncio.sleep(0)
        assert kept.fit
        assert await poster.post(BODY, yes) == Answer(201, SID)
        assert (server.connections, len(server.bodies)) == (2, 2)


async def test_the_lean_one_refuses_a_header_that_would_be_two() -> None:
    with pytest.raises(ValueError, match="line break"):
        LeanPoster(Target("http://127.0.0.1:1/", {"X": "a\r\nY: b"}), Limits(1, R))


async def test_the_lean_one_closes_what_idles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.dispatch.lean.KEEP_S", 0.05)
    async with rig(_lean, saying(ok()), answer_s=10) as (poster, server):
        assert isinstance(poster, LeanPoster)
        await poster.post(BODY, yes)
        await until(lambda: server.closed)
        assert await poster.post(BODY, yes) == Answer(201, SID)
        assert server.connections == 2


async def test_the_lean_one_sends_no_more_than_its_pool_holds() -> None:
    """aiohttp has the third wait for R, and it may start just as the others are given up."""
    async with rig(_lean, saying(then="hang"), connections=2) as (poster, server):
        outcomes = await asyncio.gather(*(poster.post(b"%d" % number, yes) for number in range(3)))
        assert sorted(map(str, outcomes)) == sorted(map(str, [Doubt(), Doubt(), NotSent(Reason.TRANSIENT)]))
        assert len(server.bodies) == 2
