"""Servers that behave badly on purpose, each connection and request by number; and an authority of our own for TLS."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def ok(body: bytes = b'{"sid": "SM1"}', *, status: str = "201 Created", head: str = "") -> bytes:
    """A plain answer."""
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Turn:
    """One request, and the way to answer it."""

    number: int
    body: bytes
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close so that the client sees a reset."""
        self.writer.transport.abort()


async def until(question: Callable[[], object]) -> None:
    """Wait for what a server's side will have done."""
    while not question():  # noqa: ASYNC110 - asked of many different things
        await asyncio.sleep(0.002)


Behaviour = Callable[[Turn], Awaitable[None]]


@dataclass
class Server:
    """What it saw."""

    behaviour: Behaviour
    address: str = ""
    connections: int = 0
    closed: int = 0
    bodies: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._turns(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self.closed += 1
            self._open.discard(task)

    async def _turns(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            body = await reader.readexactly(length)
            self.heads.append(head)
            self.bodies.append(body)
            await self.behaviour(Turn(len(self.bodies), body, writer))

    async def stop(self) -> None:
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


@asynccontextmanager
async def behaving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Run one on loopback."""
    made = Server(behaviour)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.address = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await made.stop()


@dataclass(frozen=True)
class Authority:
    """Files of an authority and of a server that it vouches for."""

    ca: Path
    server: Path

    def context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.server)
        return made


def authority(folder: Path, host: str = "127.0.0.1") -> Authority:
    """A new authority, and a certificate of its for one address."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Server of a test")])
    now = datetime.now(UTC)

    def begin(who: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(who).issuer_name(ca_name).public_key(public)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)

    ca = begin(ca_name, ca_key.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    leaf = begin(name, key.public_key()).add_extension(names, critical=False)
    made = Authority(folder / "ca.pem", folder / "server.pem")
    pem = serialization.Encoding.PEM
    made.ca.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made.server.write_bytes(private + leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    return made
