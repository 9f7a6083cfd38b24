"""Builds and wires the sandbox: the stand-ins' door, and the private one. It needs no Kafka."""

import asyncio
import signal

from services.runtime import collector, logging
from services.runtime.doors import Door, announce, private_application, retract
from services.runtime.settings import SharedSettings, load, stop
from services.runtime.store import Store
from services.sandbox.metrics import registry_of
from services.sandbox.server import build
from services.sandbox.settings import Rules, SandboxSettings
from services.sandbox.store import TABLES
from services.sandbox.world import World

NAME = "sandbox"


def main() -> None:
    """Run until SIGTERM or SIGINT; the addresses stand where `services.runtime.doors` says."""
    shared, settings = load(SharedSettings), load(SandboxSettings)
    logging.configure(shared.log_level, room=NAME, realm=shared.realm.value, replica=shared.replica)
    collector.settle()
    try:
        asyncio.run(_live(shared, settings))
    except OSError as error:
        stop([f"the sandbox's door cannot open: {error.strerror}; choose another port (TOCSIN_SANDBOX_PORT)"])


async def _live(shared: SharedSettings, settings: SandboxSettings) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    world = World(settings, Store(settings.store_url(shared, NAME), TABLES), Rules.of(settings))
    app = build(world)
    public = Door(app, settings.host, settings.port)
    private = Door(private_application(registry_of(app), list), shared.bind, settings.private_port)
    addresses = {"public": await public.start(), "private": await private.start()}
    announce(shared.home, NAME, addresses, shared.replica)
    await ended.wait()
    await private.stop()
    await public.stop()
    retract(shared.home, NAME, shared.replica)
