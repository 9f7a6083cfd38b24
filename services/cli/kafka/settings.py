"""The broker's properties file: one node that is broker and controller, on loopback, in a folder of its own."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LARGEST_RECORD = 17 * 1024 * 1024
"""Bytes. The largest topics take 16 MiB, and a batch adds its own headers; each topic sets its own, lower limit."""


@dataclass(frozen=True)
class Ports:
    """Where clients come in, and where the controller listens; both on 127.0.0.1."""

    broker: int
    controller: int


def free_port() -> int:
    """A port of 127.0.0.1 that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a listener could take `port` now; one in TIME_WAIT counts as free, as it does for Kafka."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def read_ports(file: Path) -> Ports | None:
    """The ports in a properties file that `properties` wrote, or None where there is none."""
    try:
        lines = dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())
        broker, controller = (int(entry.rsplit(":", 1)[1]) for entry in lines["listeners"].split(","))
    except (FileNotFoundError, KeyError, ValueError):
        return None
    return Ports(broker, controller)


def properties(folder: Path, ports: Ports, more: Mapping[str, str]) -> str:
    """The text of the file; `more` comes last. All else is Kafka's default, the flush settings above all."""
    broker = f"PLAINTEXT://127.0.0.1:{ports.broker}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{ports.controller}",
        "listeners": f"{broker},CONTROLLER://127.0.0.1:{ports.controller}",
        "advertised.listeners": broker,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": folder,
        # One node: nothing can have a second copy.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        # Rooms are few and static: waiting for more members would make every start 3 s a subscriber longer.
        "group.initial.rebalance.delay.ms": 0,
        # After kill -9 the node takes itself for alive until this is over, and only then lets itself in again.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # Topics are created from schemas/topics.py; a misspelt one is an error, not a new topic.
        "auto.create.topics.enable": "false",
        "num.partitions": 6,
        "message.max.bytes": _LARGEST_RECORD,
        "replica.fetch.max.bytes": _LARGEST_RECORD,
    }
    return "".join(f"{name}={value}\n" for name, value in {**settings, **more}.items())
