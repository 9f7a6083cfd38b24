"""Behind a proxy the same may be said of a request as without one: never written, or doubt, and never twice."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from schemas.words import Reason
from services.dispatch.port import Doubt, NotSent
from services.dispatch.posting import Answer, Target
from services.dispatch.transport import AiohttpPoster, Context, Limits, NeverWrittenError, Transport
from tests.dispatch.proxies import REFUSALS, Proxy, proxying
from tests.dispatch.servers import Server, Turn, authority, behaving, ok, until

pytestmark = pytest.mark.contract
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
BODY, SID = b"Body=Boil+water.", b'{"sid": "SM1"}'


def yes() -> bool:
    return True


async def answers(turn: Turn) -> None:
    await turn.say(ok())


@asynccontextmanager
async def platform(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """Behind TLS, as every real one is."""
    own = authority(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(own.ca))
    async with behaving(answers, own.context()) as server:
        yield server


@asynccontextmanager
async def through(proxy: str, server: Server, answer_s: float = 10) -> AsyncIterator[tuple[AiohttpPoster, Transport]]:
    transport = Transport(Limits(8, answer_s, proxy))
    poster = AiohttpPoster(Target(server.address + "/messages", HEADERS), transport)
    try:
        yield poster, transport
    finally:
        await poster.close()
        await transport.close()


async def test_one_tunnel_carries_many_and_only_the_proxy_sees_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with platform(tmp_path, monkeypatch) as server, proxying() as proxy:
        address = proxy.address.replace("//", "//clinic:s3cret@")
        assert "s3cret" not in repr(Limits(8, 10, address))
        async with through(address, server) as (poster, _):
            assert [await poster.post(BODY, yes) for _ in range(3)] == [Answer(201, SID)] * 3
        [head] = proxy.heads
        assert head.startswith(b"CONNECT " + server.address.removeprefix("https://").encode())
        assert base64.b64encode(b"clinic:s3cret") in head
        assert server.bodies == [BODY] * 3
        assert not [seen for seen in server.heads if b"proxy" in seen.lower()]


@pytest.mark.parametrize("why", REFUSALS)
async def test_a_tunnel_that_does_not_come_is_known_not_to_have_carried_anything(
    why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with platform(tmp_path, monkeypatch) as server, proxying(REFUSALS[why]) as proxy:
        async with through(proxy.address, server) as (poster, _):
            assert await poster.post(BODY, yes) == NotSent(Reason.TRANSIENT)
        assert (len(proxy.heads), server.connections) == (1, 0)


async def test_nor_has_one_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with platform(tmp_path, monkeypatch) as server, proxying(hangs=True) as proxy:
        async with through(proxy.address, server, answer_s=0.5) as (poster, _):
            assert await poster.post(BODY, yes) == NotSent(Reason.TRANSIENT)
        assert server.connections == 0


async def test_nor_has_a_proxy_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with platform(tmp_path, monkeypatch) as server:
        async with proxying() as proxy:
            gone = proxy.address
        async with through(gone, server) as (poster, _):
            assert await poster.post(BODY, yes) == NotSent(Reason.TRANSIENT)
        assert server.connections == 0


async def test_the_permit_is_asked_when_the_tunnel_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy may take long over CONNECT: asked before it, the answer could be old at the first byte."""
    async with platform(tmp_path, monkeypatch) as server, proxying() as proxy:
        async with through(proxy.address, server) as (poster, _):
            asked: list[int] = []

            def no() -> bool:
                asked.append(proxy.tunnels)
                return False

            assert await poster.post(BODY, no) == NotSent(Reason.TRANSIENT, 0.0)
            assert asked == [1]
            assert server.bodies == []
            assert await poster.post(BODY, yes) == Answer(201, SID)
        assert server.bodies == [BODY]


async def test_so_it_is_for_clients_that_make_their_own_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tweepy's, which goes by the traces."""
    async with platform(tmp_path, monkeypatch) as server, proxying() as proxy:
        async with through(proxy.address, server) as (_, transport):
            asked: list[int] = []

            def no() -> bool:
                asked.append(proxy.tunnels)
                return False

            context = Context(no)
            with pytest.raises(NeverWrittenError):
                await transport.session.post(server.address, data=BODY, trace_request_ctx=context)
            assert (context.written, asked) == (False, [1])
            allowed = Context(yes)
            async with transport.session.post(server.address, data=BODY, trace_request_ctx=allowed) as answer:
                assert (answer.status, allowed.written) == (201, True)
        assert server.bodies == [BODY]


async def test_a_tunnel_cut_after_the_request_is_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(own.ca))

    async def cut(_turn: Turn) -> None:
        proxies[0].cut()

    proxies: list[Proxy] = []
    async with behaving(cut, own.context()) as server, proxying() as proxy:
        proxies.append(proxy)
        async with through(proxy.address, server) as (poster, _):
            assert await poster.post(BODY, yes) == Doubt()
        assert server.bodies == [BODY]


async def test_plain_requests_are_passed_on_and_the_proxys_own_page_is_an_answer() -> None:
    """Whatever the proxy says of a request that was written is for the channel to judge: a 5xx is doubt there."""
    async with behaving(answers) as server:
        async with proxying() as proxy, through(proxy.address, server) as (poster, _):
            assert await poster.post(BODY, yes) == Answer(201, SID)
        assert server.bodies == [BODY]
        async with proxying(REFUSALS["cannot reach it"]) as proxy, through(proxy.address, server) as (poster, _):
            assert await poster.post(BODY, yes) == Answer(502, b"<html></html>")
        assert server.bodies == [BODY]


async def test_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with platform(tmp_path, monkeypatch) as server, proxying() as proxy:
        async with through(proxy.address, server) as (poster, _):
            bodies = [b"%d" % number for number in range(24)]
            assert await asyncio.gather(*(poster.post(body, yes) for body in bodies)) == [Answer(201, SID)] * 24
        await until(lambda: len(server.bodies) == len(bodies))
        assert sorted(server.bodies) == sorted(bodies)
        assert len(proxy.heads) <= 8
