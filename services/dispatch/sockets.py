"""The sockets of both transports, with the two options that make R a bound that the kernel keeps too.

Without TCP_USER_TIMEOUT a request of a killed process reached the server 55 s after the kill, of a stopped one 214 s
after; with SO_LINGER (1, 0) the kernel forgets what a killed process had not yet brought across.
"""

import socket
from typing import Any

LINGER_NONE = b"\x01\x00\x00\x00\x00\x00\x00\x00"
#: Seconds until a connection must stand, TLS included.
CONNECT_S = 5.0
#: Seconds that a connection may idle; shorter than any platform's own, so that we close first.
KEEP_S = 30.0


def bounded_socket(address: Any, answer_s: float) -> socket.socket:  # noqa: ANN401 - what getaddrinfo gives, five things
    """A TCP socket for one entry of getaddrinfo; `answer_s` is R, seconds."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:  # macOS has none; `tocsin doctor` says so
        made.setsockopt(socket.IPPROTO_TCP, option, int(answer_s * 1000))
    return made
