"""Keeps tests on this machine, and the pure ones off the network altogether.

Only the addresses that this process itself uses are seen; the processes that a test starts send where their settings
say, which is why every setting of a test names 127.0.0.1.
"""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

_INTERNET = (socket.AF_INET, socket.AF_INET6)


class NetworkUsedError(AssertionError):
    """A test went where it may not."""


class NetworkGuard:
    """Stands in for the doors through which Python code reaches a network; remembers every attempt it refused.

    The code under test may well swallow the error, so a refused attempt is also counted, for the fixture to fail on.
    """

    def __init__(self, *, loopback: bool) -> None:
        self.refused: list[str] = []
        self._loopback = loopback

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Puts the guard in front of sockets and of name look-ups, until `patch` is undone."""
        for name in ("connect", "connect_ex", "bind"):
            patch.setattr(socket.socket, name, self._guarded(getattr(socket.socket, name)))
        patch.setattr(socket.socket, "sendto", self._guarded(socket.socket.sendto))
        patch.setattr(socket, "getaddrinfo", self._guarded_lookup(socket.getaddrinfo))

    def _guarded(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(sock: socket.socket, *args: Any) -> Any:
            if sock.family in _INTERNET:
                self._check(str(args[-1][0]))  # the address is the last argument of all of them
            return method(sock, *args)

        return call

    def _guarded_lookup(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(host: Any, *args: Any, **options: Any) -> Any:
            if host is not None:
                self._check(host.decode() if isinstance(host, bytes) else str(host))
            return method(host, *args, **options)

        return call

    def _check(self, host: str) -> None:
        if self._loopback and is_loopback(host):
            return
        self.refused.append(host)
        allowed = "only loopback is" if self._loopback else "no socket is; mark it connected, contract or crash"
        raise NetworkUsedError(f"this test reached for {host!r}, but {allowed} allowed to it")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its own word: a loopback address, or localhost."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
