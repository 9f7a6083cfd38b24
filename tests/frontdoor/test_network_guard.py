"""The guard of tests/conftest.py can fail."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from tests.support.network import NetworkGuard, NetworkUsedError, is_loopback

OUTSIDE = ("192.0.2.1", 9)  # TEST-NET-1, RFC 5737: routed nowhere


def reach(act: Callable[[], object], *, loopback: bool) -> list[str]:
    """What a fresh guard refused while `act` ran."""
    guard = NetworkGuard(loopback=loopback)
    with pytest.MonkeyPatch.context() as patch:
        guard.install(patch)
        with pytest.raises(NetworkUsedError):
            act()
    return guard.refused


def open_socket(method: str, *arguments: object) -> None:
    with socket.socket() as sock:
        getattr(sock, method)(*arguments)


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_connection_to_another_machine_is_refused(method: str) -> None:
    assert reach(lambda: open_socket(method, OUTSIDE), loopback=True) == [OUTSIDE[0]]


def test_a_datagram_to_another_machine_is_refused() -> None:
    def act() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", OUTSIDE)

    assert reach(act, loopback=True) == [OUTSIDE[0]]


def test_a_name_is_not_looked_up() -> None:
    assert reach(lambda: socket.getaddrinfo("api.example", 443), loopback=True) == ["api.example"]


def test_asyncio_goes_through_the_same_doors() -> None:
    def act() -> None:
        asyncio.run(asyncio.open_connection(*OUTSIDE))

    assert reach(act, loopback=True) == [OUTSIDE[0]]


def test_a_pure_test_may_not_even_listen_on_loopback() -> None:
    assert reach(lambda: open_socket("bind", ("127.0.0.1", 0)), loopback=False) == ["127.0.0.1"]


@pytest.mark.connected
def test_a_connected_test_may_use_loopback(network: NetworkGuard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    assert network.refused == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_what_counts_as_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
