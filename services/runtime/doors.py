"""The private door of a room: /metrics, /health/live, /health/ready, and whatever private JSON a room adds.

Never on one port with a public door. Where a port is 0 a free one is taken; the addresses of each process stand in
`<data>/<realm>/doors/<room>.<replica>.json`, so that the command line and the tests find them. `<room>.json`, of no
replica, is what an earlier version wrote, or a person who has brought a door here from elsewhere: it counts where
nothing else stands.
"""

import contextlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - nothing is bound here
#: Beside the addresses: which process announced them, and on which machine.
_PID, _HOST = "pid", "host"


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


def door_file(home: Path, room: str, replica: str = "") -> Path:
    """Where one process of a room writes the addresses of its doors."""
    return home / "doors" / f"{'.'.join(filter(None, (_slug(room), _slug(replica))))}.json"


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name)


def announce(home: Path, room: str, doors: dict[str, str], replica: str = "") -> None:
    """Write the addresses, whole or not at all."""
    path = door_file(home, room, replica)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({_PID: os.getpid(), _HOST: socket.gethostname(), **doors}))
    fresh.replace(path)


def retract(home: Path, room: str, replica: str) -> None:
    """Take this process's addresses away at its end: the next may be of another name."""
    path = door_file(home, room, replica)
    if _read(path).get(_PID) == str(os.getpid()):
        path.unlink(missing_ok=True)


def every_door(home: Path, room: str) -> dict[str, dict[str, str]]:
    """By replica, the addresses that the processes of a room announced, and `pid`; empty while there are none.

    Nobody takes away what a killed process announced: it counts only while no other is left, and of several such the
    newest.
    """
    prefix = f"{_slug(room)}."
    named = sorted((home / "doors").glob(f"{prefix}*.json"))
    found = {path.name[len(prefix) : -len(".json")]: doors for path in named if (doors := _read(path))}
    if not found and (nameless := _read(door_file(home, room))):
        found = {"": nameless}
    living = {replica: doors for replica, doors in found.items() if not _has_ended(doors)} or _newest(home, room, found)
    return {replica: {n: each for n, each in doors.items() if n != _HOST} for replica, doors in living.items()}


def read_doors(home: Path, room: str) -> dict[str, str]:
    """The addresses that one process of a room announced, any of several; empty while there are none."""
    return next(iter(every_door(home, room).values()), {})


def _read(path: Path) -> dict[str, str]:
    """What stands in a file; nothing where it is gone or holds no addresses."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return {str(name): str(each) for name, each in found.items()} if isinstance(found, dict) else {}
    return {}


def _has_ended(doors: dict[str, str]) -> bool:
    """Whether the process is known to be gone. Of another machine's, or another container's, nobody here knows."""
    if doors.get(_HOST) != socket.gethostname():
        return False
    try:
        os.kill(int(doors[_PID]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError, OverflowError):
        return False
    return False


def _newest(home: Path, room: str, found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Of those the one that was announced last."""

    def since(replica: str) -> float:
        with contextlib.suppress(OSError):
            return door_file(home, room, replica).stat().st_mtime
        return 0.0

    return {last: found[last]} if (last := max(found, key=since, default=None)) is not None else {}
