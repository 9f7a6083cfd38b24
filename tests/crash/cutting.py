"""A way to PostgreSQL that breaks at a commit: after the server has made it and before its answer, or before it came.

To the client both look the same: the connection died after COMMIT was sent. It speaks just enough of the protocol to
know which transaction writes intents (https://www.postgresql.org/docs/current/protocol-message-formats.html).
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

STARTUP = 196608
CHUNK = 65536
#: What every statement that writes intents has in it, and no other.
INTENT = (b"UPDATE", b"intent_at=")


@dataclass
class Client:
    """What one connection has said so far."""

    started: bool = False
    buffer: bytes = b""
    #: Prepared statements that write intents; the unnamed one is of the moment.
    opening: set[bytes] = field(default_factory=set)
    opens: bool = False

    def messages(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Whole messages, (type, body); before the session starts they have no type."""
        self.buffer += data
        while len(self.buffer) >= 5:
            skip = 1 if self.started else 0
            length = struct.unpack_from("!i", self.buffer, skip)[0] + skip
            if len(self.buffer) < length:
                return
            kind, body = self.buffer[:skip], self.buffer[skip + 4 : length]
            self.buffer = self.buffer[length:]
            if not self.started and struct.unpack_from("!i", body)[0] == STARTUP:
                self.started = True
            yield kind, body

    def commits_intents(self, data: bytes) -> bool:
        """Whether `data` ends a transaction that has written intents."""
        found = False
        for kind, body in self.messages(data):
            if kind == b"P":
                name, query = body.split(b"\0", 2)[:2]
                (self.opening.add if all(word in query for word in INTENT) else self.opening.discard)(name)
            elif kind == b"B":
                self.opens |= body.split(b"\0", 2)[1] in self.opening
            elif kind == b"Q":
                found |= self.opens and body.startswith(b"COMMIT")
                self.opens = False
        return found


@dataclass
class Way:
    """One connection through here."""

    near: socket.socket
    far: socket.socket
    #: How it was cut: after the commit was made, or before it came.
    cut: bool | None = None


class Cutter:
    """Listens on loopback and passes everything on to `port`, until it is told to cut."""

    def __init__(self, port: int) -> None:
        """`port` is the server's, on this machine."""
        self._server, self._listener = port, socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._orders: list[bool] = []
        #: How many commits were made and never answered, and how many never came.
        self.unanswered = self.undone = 0

    def cut(self, *, made: bool) -> None:
        """Cut the next transaction that writes intents at its commit, after the server has `made` it or before."""
        with self._lock:
            self._orders.append(made)

    @property
    def cuts(self) -> int:
        """How many connections were cut."""
        return self.unanswered + self.undone

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            way = Way(near, socket.create_connection(("127.0.0.1", self._server)))
            for work in (self._questions, self._answers):
                threading.Thread(target=work, args=(way,), daemon=True).start()

    def _order(self) -> bool | None:
        with self._lock:
            return self._orders.pop(0) if self._orders else None

    def _questions(self, way: Way) -> None:
        """What the client says; nothing more after the commit that is cut."""
        client = Client()
        for data in _all_of(way.near):
            if client.commits_intents(data):
                way.cut = self._order()
            if way.cut is not False:
                _pass_on(way.far, data)
            if way.cut is not None:
                break
        if not way.cut:
            _close(way.far)

    def _answers(self, way: Way) -> None:
        """What the server says; of a commit that is cut its answer is the proof, and stays here."""
        for data in _all_of(way.far):
            if way.cut is not None:
                self.unanswered += 1
                break
            _pass_on(way.near, data)
        self.undone += way.cut is False
        _close(way.near, way.far)


def _all_of(end: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while data := end.recv(CHUNK):
            yield data


def _pass_on(end: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        end.sendall(data)


def _close(*ends: socket.socket) -> None:
    """Close for both threads: one may be waiting to read."""
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
