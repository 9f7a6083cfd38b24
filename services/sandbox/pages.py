"""The page at /: the time-line and the phones as a person would see them, and SANDBOX in large letters."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.sandbox.board import board
from services.sandbox.world import WORLD

_HERE: Final = Path(__file__).parent / "page"
_ASSETS: Final = {"page.css": "text/css", "page.js": "text/javascript"}
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_PAGES: Final = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S")


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _number(phone: str) -> str:
    """A North American number in groups; any other as it is."""
    if phone.startswith("+1") and len(phone) == len("+12025550123"):
        return f"+1 {phone[2:5]} {phone[5:8]} {phone[8:]}"
    return phone


_PAGES.filters.update(clock=_clock, iso=_iso, number=_number)


async def show(request: web.Request) -> web.Response:
    """GET /?q=DIGITS."""
    world = request.app[WORLD]
    digits = "".join(letter for letter in request.query.get("q", "") if letter.isascii() and letter.isdigit())
    found = await world.store.transact(board, world.now_ms(), digits)
    text = _PAGES.get_template("page.html.j2").render(
        board=found,
        digits=digits,
        faults=[fault for fault in world.faults.listing() if not fault.spent],
        name=world.settings.x_account_name,
        now_ms=world.now_ms(),
    )
    return web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    )


async def asset(request: web.Request) -> web.StreamResponse:
    """GET /_sandbox/assets/{name}."""
    name = request.match_info["name"]
    if name not in _ASSETS:
        raise web.HTTPNotFound
    return web.Response(text=(_HERE / name).read_text(), content_type=_ASSETS[name])
