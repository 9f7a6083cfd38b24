"""The private door of a room: /metrics, /health/live, /health/ready, and whatever private JSON a room adds.

Never on one port with a public door. Where a port is 0 a free one is taken; the address of every door stands in
`<data>/<realm>/doors/<room>.json`, so that the command line and the tests find it.
"""

import json
import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - nothing is bound here


class Door:
    """One HTTP listener."""

    def __init__(self, application: web.Application, host: str, port: int) -> None:
        """Serve `application` on host:port once started."""
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=2)
        self._host, self._port = host, port
        self.address = ""

    async def start(self) -> str:
        """Listen; the address as a URL. OSError when the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{reachable(host)}:{port}"
        return self.address

    async def stop(self) -> None:
        """Finish what is being answered, then stop listening."""
        await self._runner.cleanup()


def reachable(host: str) -> str:
    """Where others find a door that listens on every address: in a container, at the container's own name."""
    return socket.gethostname() if host in _EVERYWHERE else host


def private_application(
    registry: CollectorRegistry, ready: Callable[[], list[str]], routes: Iterable[web.RouteDef] = ()
) -> web.Application:
    """The private door. `ready` gives the sentences that say what is missing; none means ready."""

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def readiness(_request: web.Request) -> web.Response:
        missing = ready()
        return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)

    application = web.Application()
    application.add_routes(
        [web.get("/metrics", metrics), web.get("/health/live", live), web.get("/health/ready", readiness), *routes]
    )
    return application


def door_file(home: Path, room: str) -> Path:
    """Where a room writes the addresses of its doors."""
    return home / "doors" / f"{room.replace('/', '-')}.json"


def announce(home: Path, room: str, doors: dict[str, str]) -> None:
    """Write the addresses, whole or not at all."""
    path = door_file(home, room)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"pid": os.getpid(), **doors}))
    fresh.replace(path)


def read_doors(home: Path, room: str) -> dict[str, str]:
    """The addresses that a room announced; empty while it has announced none."""
    path = door_file(home, room)
    if not path.exists():
        return {}
    found: dict[str, str] = json.loads(path.read_text())
    return found
