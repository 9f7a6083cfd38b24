"""The control API under /_sandbox: order faults, change rules, count, make a phone reply.

Loopback only, like the stand-ins. A page of another site cannot use it: requests with a foreign Origin are refused.
"""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.sandbox import counting, store
from services.sandbox.faults import Fault, Order
from services.sandbox.twilio.handlers import CALLBACKS, PHONES
from services.sandbox.twilio.rules import E164
from services.sandbox.twilio.webhook import ForbiddenTargetError
from services.sandbox.world import WORLD

PREFIX: Final = "/_sandbox"


class Reply(BaseModel):
    """What a phone says, and to which webhook if not the one that is set."""

    model_config = ConfigDict(extra="forbid")

    body: str = Field(min_length=1, max_length=1600)
    url: str | None = None


@web.middleware
async def own_pages_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a browser sends on behalf of another site, and say plainly what a body did wrong."""
    origin = request.headers.get("Origin")
    if request.path.startswith(PREFIX) and origin is not None and urlsplit(origin).netloc != request.host:
        return _wrong(403, "this control API is for the sandbox's own page and for programs, not for other sites")
    try:
        return await handler(request)
    except ValidationError as error:
        return _wrong(400, "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return _wrong(400, "the body must be a JSON object")


async def order_fault(request: web.Request) -> web.Response:
    """POST /_sandbox/faults."""
    fault = request.app[WORLD].faults.order(Order.model_validate_json(await request.read()))
    return web.json_response(_fault(fault), status=201)


async def list_faults(request: web.Request) -> web.Response:
    """GET /_sandbox/faults."""
    return web.json_response([_fault(fault) for fault in request.app[WORLD].faults.listing()])


async def clear_faults(request: web.Request) -> web.Response:
    """DELETE /_sandbox/faults and /_sandbox/faults/{name}."""
    name = request.match_info.get("name")
    cleared = request.app[WORLD].faults.clear(name)
    if name is not None and not cleared:
        return _wrong(404, f"no fault is called {name}: GET /_sandbox/faults lists them")
    return web.json_response({"cleared": cleared})


async def show_rules(request: web.Request) -> web.Response:
    """GET /_sandbox/rules."""
    return web.json_response(request.app[WORLD].rules.model_dump())


async def change_rules(request: web.Request) -> web.Response:
    """PATCH /_sandbox/rules."""
    world = request.app[WORLD]
    changes = json.loads(await request.read())
    if not isinstance(changes, dict):
        return _wrong(400, "the body must be a JSON object")
    world.rules = world.rules.changed(changes)
    return web.json_response(world.rules.model_dump())


async def counts(request: web.Request) -> web.Response:
    """GET /_sandbox/counts?since=MS&each=1."""
    world, callbacks = request.app[WORLD], request.app[CALLBACKS]
    each = request.query.get("each", "0") not in ("", "0", "false")
    found = await world.store.transact(counting.counts, _whole(request, "since", 0), each=each)
    found["callbacks"] = {**callbacks.outcomes, "waiting": callbacks.waiting}
    found["answers"] = [
        {"platform": platform, "method": method, "status": status, "n": number}
        for (platform, method, status), number in sorted(world.answers.items())
    ]
    return web.json_response(found)


async def messages(request: web.Request) -> web.Response:
    """GET /_sandbox/messages?since=MS&limit=N."""
    limit = min(_whole(request, "limit", counting.MOST), counting.MOST)
    found = await request.app[WORLD].store.transact(counting.messages, _whole(request, "since", 0), limit)
    return web.json_response(found)


async def reply(request: web.Request) -> web.Response:
    """POST /_sandbox/phones/{number}/reply, as JSON, or as the page's form."""
    number = request.match_info["number"]
    if not E164.fullmatch(number):
        return _wrong(400, "the phone must be written as in +12025550123")
    form = request.content_type != "application/json"
    said = Reply.model_validate(dict(await request.post()) if form else json.loads(await request.read()))
    try:
        outcome = await request.app[PHONES].reply(number, said.body, said.url)
    except ForbiddenTargetError as error:
        return _wrong(400, str(error))
    if form:
        raise web.HTTPSeeOther(f"/?q={number.removeprefix('+')}")
    return web.json_response(
        {"sid": outcome.sid, "webhook": outcome.webhook, "answers": outcome.answers, "trouble": outcome.trouble}
    )


async def forget(request: web.Request) -> web.Response:
    """DELETE /_sandbox/messages: every post, text, opt-out and waiting callback."""
    world = request.app[WORLD]
    request.app[CALLBACKS].forget()
    request.app[PHONES].forget()
    world.answers.clear()
    await world.store.transact(store.empty)
    return web.json_response({"forgotten": True})


def _fault(fault: Fault) -> dict[str, Any]:
    return {"id": fault.name, "met": fault.met, "struck": fault.struck, "spent": fault.spent} | fault.order.model_dump()


def _whole(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, str(default))
    if not (value.isascii() and value.isdigit()):
        raise web.HTTPBadRequest(
            text=json.dumps({"error": f"{name} must be a whole number"}), content_type="application/json"
        )
    return int(value)


def _wrong(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
