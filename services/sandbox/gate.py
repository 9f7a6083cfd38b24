"""The one way in to both platforms: note the arrival, meet the faults, answer.

A fault after acceptance lets the true handler run and then answers something else, so what was "accepted" is in the
store like everything else.
"""

import contextlib
import socket
import struct
from collections.abc import Sequence
from urllib.parse import unquote_plus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from services.sandbox.effects import (
    Answering,
    Broken,
    Duplicate,
    Empty,
    Hang,
    Html,
    Payment,
    RateLimited,
    Refuse,
    Reset,
)
from services.sandbox.faults import NOTHING, Facts, Plan
from services.sandbox.platform import Platform
from services.sandbox.world import ARRIVED, PLAN, WORLD, World
from services.sandbox.x.answers import DUPLICATE

_RST = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends RST (socket(7))
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>Error {0}</h1><p>Ray ID: 0</p></body></html>"
DROPPED = 0
"""The status under which dropped connections are counted."""


def gate(platforms: Sequence[Platform]) -> Middleware:
    """The middleware in front of `platforms`; other paths pass untouched."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        platform = next((one for one in platforms if request.path.startswith(one.prefix)), None)
        if platform is None:
            return await handler(request)
        world = request.app[WORLD]
        request[ARRIVED] = world.now_ms()
        body = await request.read()
        plan = world.faults.plan(_facts(platform, request, body)) if world.faults.any else NOTHING
        request[PLAN] = plan
        return await _meet(world, platform, plan, request, handler)

    return middleware


async def _meet(
    world: World, platform: Platform, plan: Plan, request: web.Request, handler: Handler
) -> web.StreamResponse:
    async def inner(request: web.Request) -> web.StreamResponse:
        if plan.wait_before:
            await world.sleep(plan.wait_before)
        answer = await _answer(platform, plan, request, handler)
        if plan.wait_after:
            await world.sleep(plan.wait_after)
        return answer

    answer = await platform.serve(request, inner)
    dropped = request.transport is None or request.transport.is_closing()
    world.answers[platform.name, request.method, DROPPED if dropped else answer.status] += 1
    return answer


async def _answer(platform: Platform, plan: Plan, request: web.Request, handler: Handler) -> web.StreamResponse:
    effect = plan.answer
    if effect is None:
        return await handler(request)
    if getattr(effect, "accept", False) is True:
        await handler(request)
    instead = _instead(effect, request)
    return instead if instead is not None else _refusal(platform, effect, request)


def _instead(effect: Answering, request: web.Request) -> web.Response | None:
    """What no platform would say: a proxy's page, nothing, a dead connection."""
    match effect:
        case Html():
            return web.Response(text=_PAGE.format(effect.status), status=effect.status, content_type="text/html")
        case Empty():
            return web.Response(status=effect.status)
        case Reset() | Hang():
            return _dropped(request)
        case _:
            return None


def _refusal(platform: Platform, effect: Answering, request: web.Request) -> web.Response:
    """What the platform itself says."""
    match effect:
        case RateLimited():
            return platform.rate_limited(request, effect.retry_after)
        case Broken():
            return platform.broken(request, effect.status)
        case Payment():
            return platform.out_of_credit(request)
        case Duplicate():
            return platform.refuse(request, 403, None, DUPLICATE)
        case Refuse():
            return platform.refuse(request, effect.status, effect.code, effect.message)
        case _:
            raise TypeError(f"{effect.type} is no answer of a platform")


def _dropped(request: web.Request) -> web.Response:
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # the client may have gone first
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        transport.abort()
    return web.Response(status=499)


def _facts(platform: Platform, request: web.Request, body: bytes) -> Facts:
    text = body.decode(errors="replace")
    content = unquote_plus(text) if request.content_type == "application/x-www-form-urlencoded" else text
    return Facts(platform.name, request.method, request.path, f"{request.query_string}\n{content}")
